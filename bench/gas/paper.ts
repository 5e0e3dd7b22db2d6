import { id, Interface, type InterfaceAbi, TypedDataEncoder, Wallet } from "ethers";
import { compileContract } from "../../settlement/contracts/compile.ts";
import { anvilChainId } from "../../test/fake/anvil.ts";
import type { GasMeter } from "./gas-meter.ts";

/** Gas of one record in a transaction of its own, three ways; of the second call, when nothing is new any more but the record. */
export async function paperGas(meter: GasMeter): Promise<{ stored: number; event: number; signatures: number }> {
  const artifact = compileContract("PaperRecords.sol", "PaperRecords", new URL("./", import.meta.url));
  const abi = new Interface(artifact.abi as InterfaceAbi);
  const { address } = await meter.create(artifact, []);
  const [aggregator, prosumer] = [new Wallet(id("bench aggregator")), new Wallet(id("bench prosumer"))];
  const fields = ["energy", "price", "reward", "time", "period"].map((name) => ({ name, type: "uint256" }));
  const types = {
    Settled: [{ name: "aggregator", type: "address" }, { name: "prosumer", type: "address" }, ...fields],
  };
  const domain = { name: "Paper records", version: "1", chainId: anvilChainId, verifyingContract: address };
  const cost = async (method: string, signed: boolean): Promise<number> => {
    let gas = 0;
    for (let turn = 0; turn < 2; turn++) {
      const record = {
        aggregator: aggregator.address,
        prosumer: prosumer.address,
        energy: 1_441 + turn,
        price: 214_110,
        reward: 350_000,
        time: 1_772_406_930 + turn * 900,
        period: 900,
      };
      const digest = TypedDataEncoder.hash(domain, types, record);
      const signatures = signed ? [aggregator, prosumer].map(({ signingKey }) => signingKey.sign(digest).serialized) : [];
      gas = await meter.call(address, abi, method, [record, ...signatures]);
    }
    return gas;
  };
  return { stored: await cost("store", false), event: await cost("log", false), signatures: await cost("logSigned", true) };
}
