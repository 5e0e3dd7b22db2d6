import type { Log } from "../../core/log.ts";
import type { Terms } from "../../settlement/record/sign-agreement.ts";
import type { ChainClient } from "../../settlement/chain/chain-client.ts";
import type { PairState } from "../../settlement/chain/chain-reader.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { PairSettler } from "./settle-pairs.ts";

/** What the household would still pay by a record, beyond what the chain has settled; below zero where it is owed. Pure. */
export function owedByHousehold(pair: PairState, newest: Pick<RecordWire, "cumA" | "cumB">, householdIsA: boolean): bigint {
  const byA = pair.open + BigInt(newest.cumA) - pair.cumA - (BigInt(newest.cumB) - pair.cumB);
  return householdIsA ? byA : -byA;
}

/**
 * Settles homes that have announced to take their money out and owe by what they have signed, without waiting for the
 * settlement of the month: after the contract's window the money is gone. To be called once in an epoch.
 * @throws AppError of the chain client
 */
export async function settleLeaving(options: {
  store: Pick<AggregatorStore, "newestCosigned">;
  chain: Pick<ChainClient, "pairOf">;
  owner: string;
  agreements: ReadonlyMap<string, Terms>;
  settler: Pick<PairSettler, "settle">;
  log: Log;
}): Promise<void> {
  const { store, chain, owner, log } = options;
  const owing: string[] = [];
  for (const [site, { a, b }] of options.agreements) {
    const newest = (await store.newestCosigned(site)).at(-1)?.record;
    if (!newest) continue;
    const pair = await chain.pairOf(a, b);
    const leaving = owner === a ? pair.leavingB : pair.leavingA;
    if (leaving === 0n || newest.seq <= pair.seq || owedByHousehold(pair, newest, owner !== a) <= 0n) continue;
    log.warn({ site, leaving, seq: newest.seq }, "the home has announced to take money out; its newest record is settled");
    owing.push(site);
  }
  if (owing.length > 0) await options.settler.settle(owing);
}
