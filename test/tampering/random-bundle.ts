import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { Bundle } from "../../settlement/verify/bundle.ts";
import type { ChainReader, PairState } from "../../settlement/chain/chain-reader.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import { recordDigest } from "../../settlement/record/record.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import { withoutTraded } from "../../settlement/record/residual.ts";
import {
  addressOf,
  after,
  aggregator,
  bothSign,
  exampleAgreement,
  exampleEvent,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  midnightS,
  noEvidence,
  signBoth,
} from "../settlement/fixture.ts";
import { houseOrder, tradeEvidence, tradeRecord } from "../settlement/trades.ts";

const domain = { chainId: 31_337, contract: `0x${"ab".repeat(20)}` };

/** A bundle that is good in every check, and the chain as it says so from memory. */
export async function randomBundle(random: () => number): Promise<{ bundle: Bundle; chain: ChainReader }> {
  const upTo = (most: number): number => Math.floor(random() * most);
  const hash = (): string => `0x${Array.from({ length: 64 }, () => upTo(16).toString(16)).join("")}`;
  const steps = 4 + upTo(12);
  const price = (): string => String(upTo(600_000) - 100_000);
  const series: PriceSeries = exampleSeries({
    importPerKwh: Array.from({ length: steps }, price),
    exportPerKwh: Array.from({ length: steps }, price),
  });
  const flexible = random() < 0.5;
  const agreement = exampleAgreement(domain, {
    reward: flexible
      ? {
          kind: "flexibility",
          share: upTo(1001),
          paidAs: (["money", "better_price", "discount"] as const)[upTo(3)] ?? "money",
          control: { resources: ["car"], hours: { from: "22:00", until: "07:00" }, eventsPerDay: 1 + upTo(9) },
        }
      : { kind: "per_day", amount: String(upTo(10 ** 6)) },
  });
  const rewarded = (): Evidence => {
    const slots = Array.from({ length: 1 + upTo(4) }, () => [upTo(3000), upTo(3000), price()] as const);
    const event = exampleEvent(slots, upTo(90) * 900);
    return { ...noEvidence, flexibility: { fundedPpm: upTo(1_000_001), events: [event] } };
  };
  const next = async (
    previous: RecordWire | null,
  ): Promise<{ record: RecordWire; evidence: Evidence; prices: PriceSeries | null }> => {
    const kind = (["import", "export", "reward", "trade", "correction"] as const)[upTo(5)] ?? "reward";
    const basis = { agreement, previous, salt: hash(), kind };
    if (kind === "trade") {
      const got = upTo(600_000) - 100_000;
      const fee = upTo(50_000);
      const own = houseOrder(upTo(2) === 0 ? "buy" : "sell", { wh: 1000 + upTo(9) });
      const limit = String(own.side === "buy" ? got + fee + upTo(9) : got - upTo(9));
      const terms = { wh: 1 + upTo(1000), price: String(got), fee: String(fee) };
      const evidence = await tradeEvidence(domain, { ...own, limit }, terms);
      return { record: tradeRecord(domain, evidence, { agreement, previous, salt: hash() }), evidence, prices: null };
    }
    if (kind === "correction") {
      const tradedWh = 1 + upTo(2000);
      const deviation = { side: upTo(2) === 0 ? ("buy" as const) : ("sell" as const), tradedWh, doneWh: upTo(tradedWh) };
      const trades = Array.from({ length: 1 + upTo(3) }, hash).toSorted();
      const evidence = { ...noEvidence, deviation: { ...deviation, start: after(900), end: after(1800), trades } };
      const record = exampleRecord(domain, { ...basis, evidence, series, startS: 900, lengthS: 900 });
      return { record, evidence, prices: series };
    }
    if (kind === "reward") {
      const evidence = flexible ? rewarded() : noEvidence;
      const record = exampleRecord(domain, { ...basis, evidence, series: null, lengthS: 86_400 });
      return { record, evidence, prices: null };
    }
    const metered = exampleEvidence(kind, [upTo(3000), upTo(50), 0, upTo(900)].slice(upTo(4)));
    const evidence = upTo(2) === 0 ? metered : withoutTraded(metered, new Map([[midnightS * 1000, 1 + upTo(100)]]));
    return { record: exampleRecord(domain, { ...basis, evidence, series }), evidence, prices: series };
  };
  let previous: RecordWire | null = null;
  for (let before = upTo(4); before > 0; before--) previous = (await next(previous)).record;
  const { record, evidence, prices } = await next(previous);
  const digest = recordDigest(domain, record);
  const [signatureA, signatureB] = await bothSign(domain, record);
  const commits = new Map<number, { root: string; count: number; time: number }>();
  const included = (epoch: number, leaf: string, time: number) => {
    const { root, count, proofOf } = buildEpoch([leaf, ...Array.from({ length: upTo(20) }, hash)]);
    commits.set(epoch, { root, count, time });
    return { by: aggregator.owner, epoch, root, count, proof: proofOf(leaf) };
  };
  const bundle: Bundle = {
    v: 1,
    ...domain,
    rpc: random() < 0.5 ? null : "https://rpc.example.org/v1",
    digest,
    record,
    evidence,
    agreement: await signBoth(agreement),
    prices,
    signatureA,
    signatureB,
    previous,
    inclusion: included(7, digest, midnightS + 2 * 86_400),
    pricesInclusion: prices && included(6, pricesHash(prices), midnightS - 3600),
  };
  return { bundle, chain: chainOf(bundle, commits) };
}

function chainOf({ record, digest }: Bundle, commits: ReadonlyMap<number, object>): ChainReader {
  const far = 2 ** 40 - 1;
  const parties = new Map([household, aggregator].map(({ owner, signer }) => [owner, addressOf(signer)]));
  const owners = new Map([...parties].map(([owner, signer]) => [signer, owner]));
  const nothing = { balanceA: 0n, balanceB: 0n, leavingA: 0n, leavingB: 0n, open: 0n, withdrawals: 0 };
  const settled = { ...nothing, cumA: BigInt(record.cumA), cumB: BigInt(record.cumB), seq: record.seq, head: digest };
  const unsettled: PairState = { ...nothing, cumA: 0n, cumB: 0n, seq: 0, head: `0x${"0".repeat(64)}` };
  return {
    ...domain,
    partyOf: async (owner) => {
      const signer = parties.get(owner) ?? null;
      return { signer, since: signer ? midnightS - 86_400 : 0, until: signer ? far : 0 };
    },
    keyOf: async (signer) => {
      const owner = owners.get(signer);
      return owner === undefined ? undefined : { owner, since: midnightS - 86_400, until: far, revoked: false };
    },
    pairOf: async (a, b) => (a === record.a && b === record.b ? settled : unsettled),
    readCommit: async (by, epoch) =>
      by === aggregator.owner ? (commits.get(epoch) as Awaited<ReturnType<ChainReader["readCommit"]>>) : undefined,
  };
}
