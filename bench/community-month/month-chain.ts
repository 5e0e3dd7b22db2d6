import { JsonRpcProvider } from "ethers";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { deployDevEuro, deploySettlement } from "../../settlement/chain/deploy.ts";
import { signPossession } from "../../settlement/record/typed-calls.ts";
import { anvilChainId, anvilKeys, startAnvil } from "../../test/fake/anvil.ts";
import type { MonthParty } from "./parties.ts";

/** Money of each side of each pair: more than a month can cost. */
const escrowMicro = 2_000_000_000n;

/** A development chain with both contracts, whose time the month moves. */
export async function monthChain(startMs: number, aggregator: MonthParty) {
  const anvil = await startAnvil({ timestamp: Math.floor(startMs / 1000) - 2 * 86_400 });
  const chain = { rpcUrl: anvil.url, chainId: anvilChainId, pollMs: 5 };
  const [deployer, registrar] = anvilKeys;
  const provider = new JsonRpcProvider(anvil.url, anvilChainId, { staticNetwork: true, cacheTimeout: -1 });
  const token = await deployDevEuro({ ...chain, privateKey: deployer }, 10n ** 16n);
  const contract = await deploySettlement(
    { ...chain, privateKey: deployer },
    { token, registrar: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8" },
  );
  const client = (privateKey: string) => chainClient({ ...chain, contract, privateKey });
  const [funder, registry, own] = [client(deployer), client(registrar), client(aggregator.signer.privateKey)];
  const domain = { chainId: anvilChainId, contract };
  await provider.send("anvil_setBalance", [aggregator.signer.address, "0x56bc75e2d63100000"]);
  return {
    domain,
    url: anvil.url,
    chain: own,
    register: async ({ owner, signer }: MonthParty): Promise<void> =>
      void (await registry.register(owner, signer.address.toLowerCase(), await signPossession(signer, domain, owner))),
    async fund(a: string, b: string): Promise<void> {
      for (const side of ["a", "b"] as const) await funder.deposit(a, b, side, escrowMicro);
    },
    async warpTo(ms: number): Promise<void> {
      await provider.send("evm_setNextBlockTimestamp", [Math.floor(ms / 1000)]);
      await provider.send("evm_mine", []);
    },
    async close(): Promise<void> {
      for (const each of [funder, registry, own]) each.close();
      provider.destroy();
      await anvil.stop();
    },
  };
}
