import { JsonRpcProvider } from "ethers";
import { chainClient, type ChainClient } from "../../settlement/chain/chain-client.ts";
import { deployDevEuro, deploySettlement } from "../../settlement/chain/deploy.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { type Anvil, anvilChainId, anvilKeys } from "../fake/anvil.ts";
import { addressOf, aggregator, household, partyA, partyB } from "./fixture.ts";

const [deployerKey, registrarKey] = anvilKeys;

/** A fresh settlement contract with its money. */
export interface Market {
  domain: SettlementDomain;
  token: string;
  /** Holds all development euros. */
  funder: ChainClient;
  registrar: ChainClient;
  /** The node itself. */
  provider: JsonRpcProvider;
  /** A client that sends with any other key; it gets ether for gas. */
  clientOf(privateKey: string): Promise<ChainClient>;
  /** Moves the time of the next block, unix seconds. */
  warpTo(seconds: number): Promise<void>;
  close(): void;
}

/** Deploys both contracts on a running chain; nobody is registered yet. */
export async function openMarket(anvil: Anvil): Promise<Market> {
  const chain = { rpcUrl: anvil.url, chainId: anvilChainId, pollMs: 5 };
  const provider = new JsonRpcProvider(anvil.url, anvilChainId, { staticNetwork: true, cacheTimeout: -1 });
  const registrarAddress = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";
  const token = await deployDevEuro({ ...chain, privateKey: deployerKey }, 10n ** 15n);
  const contract = await deploySettlement({ ...chain, privateKey: deployerKey }, { token, registrar: registrarAddress });
  const open: ChainClient[] = [];
  const client = (privateKey: string): ChainClient => {
    const made = chainClient({ ...chain, contract, privateKey });
    open.push(made);
    return made;
  };
  return {
    domain: { chainId: anvilChainId, contract },
    token,
    funder: client(deployerKey),
    registrar: client(registrarKey),
    provider,
    async clientOf(privateKey) {
      const { computeAddress } = await import("ethers");
      await provider.send("anvil_setBalance", [computeAddress(privateKey), "0xde0b6b3a7640000"]);
      return client(privateKey);
    },
    async warpTo(seconds) {
      await provider.send("evm_setNextBlockTimestamp", [seconds]);
      await provider.send("evm_mine", []);
    },
    close() {
      for (const each of open) each.close();
      provider.destroy();
    },
  };
}

/** Registers household and aggregator. */
export async function registerBoth({ registrar, domain }: Market): Promise<void> {
  for (const { owner, signer } of [household, aggregator])
    await registrar.register(owner, addressOf(signer), await signPossession(signer, domain, owner));
}

/** Pays into the escrow of a party in their pair. */
export async function fund({ funder }: Market, owner: string, amount: bigint): Promise<void> {
  await funder.deposit(partyA.owner, partyB.owner, owner === partyA.owner ? "a" : "b", amount);
}
