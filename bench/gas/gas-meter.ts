import { concat, Interface, type InterfaceAbi, JsonRpcProvider, toBeHex, Wallet } from "ethers";
import { type Anvil, anvilChainId, anvilKeys } from "../../test/fake/anvil.ts";
import { sendWithBlobs } from "../../test/fake/blob-transaction.ts";

/** Sends transactions to a development chain and says what gas they took. */
export interface GasMeter {
  provider: JsonRpcProvider;
  /** Address that sends where no other is named. */
  from: string;
  /** Gas of a call; throws where it fails. */
  call(to: string, abi: Interface, method: string, args: readonly unknown[], from?: string): Promise<number>;
  /** The same in a transaction that carries so many blobs, sent by the private key. */
  callWithBlobs(
    to: string,
    abi: Interface,
    method: string,
    args: readonly unknown[],
    key: string,
    blobs: number,
  ): Promise<number>;
  /** Gas and address of a new contract. */
  create(artifact: { abi: unknown[]; bytecode: string }, args: readonly unknown[]): Promise<{ gas: number; address: string }>;
  /** Moves the time of the next block, unix seconds. */
  warpTo(seconds: number): Promise<void>;
  close(): void;
}

/** A transaction may take so much since the Osaka fork (EIP-7825). */
export const gasLimit = 16_777_216;

export function gasMeter(anvil: Anvil): GasMeter {
  const provider = new JsonRpcProvider(anvil.url, anvilChainId, { staticNetwork: true, cacheTimeout: -1, batchMaxCount: 1 });
  const from = new Wallet(anvilKeys[0]).address.toLowerCase();
  const gasOf = async (hash: string, what: string): Promise<{ gas: number; address: string }> => {
    for (;;) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt?.status === 0) throw new Error(`${what} failed in transaction ${hash}`);
      if (receipt) return { gas: Number(receipt.gasUsed), address: receipt.contractAddress?.toLowerCase() ?? "" };
    }
  };
  const send = async (what: string, transaction: Record<string, string>) =>
    gasOf(String(await provider.send("eth_sendTransaction", [{ gas: toBeHex(gasLimit), ...transaction }])), what);
  return {
    provider,
    from,
    call: async (to, abi, method, args, sender = from) =>
      (await send(method, { from: sender, to, data: abi.encodeFunctionData(method, args) })).gas,
    async callWithBlobs(to, abi, method, args, key, blobs) {
      const call = { to, data: abi.encodeFunctionData(method, args) };
      return (
        await gasOf(
          await sendWithBlobs(
            provider,
            key,
            call,
            Array.from({ length: blobs }, () => 0 as const),
          ),
          method,
        )
      ).gas;
    },
    create: ({ abi, bytecode }, args) =>
      send("create", { from, data: concat([bytecode, new Interface(abi as InterfaceAbi).encodeDeploy(args)]) }),
    async warpTo(seconds) {
      await provider.send("evm_setNextBlockTimestamp", [seconds]);
      await provider.send("evm_mine", []);
    },
    close: () => provider.destroy(),
  };
}
