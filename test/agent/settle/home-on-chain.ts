import { onTestFinished } from "vitest";
import { chainChores, type ChoreParts, type ChoreRules } from "../../../agent/settle/chain-chores.ts";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import { watchtower } from "../../../agent/settle/watchtower.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import { type FakeClock, fakeClock } from "../../../core/clock/fake-clock.ts";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import { type CallSender, keySender } from "../../../settlement/chain/call-sender.ts";
import { chainProbe } from "../../../settlement/chain/chain-probe.ts";
import { buildEpoch } from "../../../settlement/log/epoch.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import { anvilKeys, startAnvil } from "../../fake/anvil.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";
import {
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  householdIsA,
  midnightS,
} from "../../settlement/fixture.ts";
import { fund, openMarket, registerBoth } from "../../settlement/market.ts";

const dayS = 86_400;
/** Six hours of quarter-hour slots: so many records can be made in a test. */
const hours = 6;
const importOf = (hour: number): number[] => [150 + hour, 7 * hour, 87, 1200];
const exportOf = (hour: number): number[] => [400 - hour, 1999, 11 * hour, 5];

/** Money of each side at the beginning, micro-units. */
export const escrowMicro = 10_000_000n;

/** What one hour of a register is settled with. */
export const hourOf = (kind: "import" | "export", hour: number): Evidence =>
  exampleEvidence(kind, kind === "import" ? importOf(hour) : exportOf(hour), hour * 3600);

/**
 * A home's side of settlement with everything real but time: a chain, the contract, both parties registered with money in
 * escrow, the home's own stores with six hours of slots. It is 06:30; the test plays the aggregator.
 */
export async function homeOnChain(
  change: {
    rules?: Partial<ChoreRules>;
    sender?: CallSender | null;
    tower?: string;
    pricesFirst?: boolean;
    funded?: boolean;
    /** Arguments of the development chain. */
    args?: string[];
  } = {},
) {
  const anvil = await startAnvil({ timestamp: midnightS - dayS, args: change.args ?? [] });
  const market = await openMarket(anvil);
  const { domain, provider } = market;
  await registerBoth(market);
  if (change.funded !== false) for (const { owner } of [household, aggregator]) await fund(market, owner, escrowMicro);
  const tariff = buildEpoch([pricesHash(exampleSeries())]);
  if (change.pricesFirst) {
    const client = await market.clientOf(aggregator.signer.privateKey);
    await client.commit(aggregator.owner, 1, tariff.root, tariff.count, "0x");
  }
  await market.warpTo(midnightS + (hours + 0.5) * 3600);
  const agreement = exampleAgreement(domain);
  const pair = `${agreement.a}-${agreement.b}`;
  const db = openStore();
  const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
  stores.prices.savePrices(exampleSeries());
  for (const [register, whs] of [
    ["import", importOf],
    ["export", exportOf],
  ] as const)
    for (let hour = 0; hour < hours; hour++)
      stores.meters.addSlots(
        whs(hour).map((wh, at) => {
          const startMs = (midnightS + hour * 3600 + at * 900) * 1000;
          return { meter: "grid", register, startMs, endMs: startMs + 900_000, wh, quality: "valid" as const, clockSynced: true };
        }),
      );
  const clock: FakeClock = fakeClock((midnightS + (hours + 0.5) * 3600) * 1000);
  const log = silentLog();
  const chain = market.funder;
  const target = { ...domain, rpcUrl: anvil.url };
  const probe = chainProbe(target);
  const sender = change.sender === undefined ? keySender({ ...target, privateKey: anvilKeys[2] }, { pollMs: 5 }) : change.sender;
  const rules: ChoreRules = {
    finality: "latest",
    includedWithinMs: 2 * dayS * 1000,
    publishedPerDay: 24,
    settleOwn: false,
    ...change.rules,
  };
  const tower = change.tower === undefined ? null : watchtower(change.tower, { agreement, signer: household.signer, clock });
  const parts: ChoreParts = { agreement, chain, probe, sender, tower, ...stores, rules, clock, log };
  const room = signingRoom({
    agreement,
    signer: household.signer,
    chain,
    finality: rules.finality,
    gridMeter: "grid",
    includedWithinMs: rules.includedWithinMs,
    stores,
    clock,
  });
  if (change.pricesFirst)
    await room.included({
      kind: "included",
      by: aggregator.owner,
      epoch: 1,
      root: tariff.root,
      count: tariff.count,
      records: [],
      prices: [{ hash: pricesHash(exampleSeries()), proof: tariff.proofOf(pricesHash(exampleSeries())) }],
    });
  onTestFinished(async () => {
    probe.close();
    sender?.close();
    market.close();
    await anvil.stop();
  });
  let previous: RecordWire | null = null;
  const home = {
    anvil,
    market,
    domain,
    agreement,
    pair,
    db,
    stores,
    clock,
    log,
    room,
    probe,
    target,
    chores: chainChores(parts),
    /** The same after a restart, or with other parts. */
    choresWith: (other: Partial<ChoreParts>) => chainChores({ ...parts, ...other }),
    pairOnChain: () => chain.pairOf(agreement.a, agreement.b),
    /** What the home's side of the pair has in escrow, micro-units. */
    async money(): Promise<bigint> {
      const { balanceA, balanceB } = await home.pairOnChain();
      return householdIsA ? balanceA : balanceB;
    },
    /** Next record of the pair, for one hour of a register. */
    next(kind: "import" | "export", hour: number): RecordWire {
      previous = exampleRecord(domain, { previous, kind, startS: hour * 3600, evidence: hourOf(kind, hour) });
      return previous;
    },
    /** Lets the home sign it; gives its answer's kind or code. */
    async sign(record: RecordWire): Promise<string> {
      const kind = record.kind === "export" ? "export" : "import";
      const answer = await room.answer(record, hourOf(kind, (Date.parse(record.start) / 1000 - midnightS) / 3600));
      return answer.kind === "disputed" ? answer.code : answer.kind;
    },
    async countersign(record: RecordWire): Promise<void> {
      const digest = recordDigest(domain, record);
      await room.countersigned(record.seq, digest, await signRecord(aggregator.signer, domain, record));
    },
    /** A record that both have signed. */
    async cosigned(kind: "import" | "export", hour: number): Promise<RecordWire> {
      const record = home.next(kind, hour);
      const answer = await home.sign(record);
      if (answer !== "signed") throw new Error(`record ${record.seq} was not signed: ${answer}`);
      await home.countersign(record);
      return record;
    },
    /** Commits an epoch of the aggregator, and what it tells the home of it. */
    async commit(epoch: number, records: readonly RecordWire[], others: readonly string[] = []) {
      const digests = records.map((record) => recordDigest(domain, record));
      const tree = buildEpoch([...digests, ...others]);
      const client = await market.clientOf(aggregator.signer.privateKey);
      await client.commit(aggregator.owner, epoch, tree.root, tree.count, "0x");
      return {
        kind: "included" as const,
        by: aggregator.owner,
        epoch,
        root: tree.root,
        count: tree.count,
        records: records.map(({ seq }, at) => ({ seq, digest: digests[at] ?? "", proof: tree.proofOf(digests[at] ?? "") })),
        prices: others.map((hash) => ({ hash, proof: tree.proofOf(hash) })),
      };
    },
    /** Blocks that end up before the newest final one. */
    mine: (blocks: number) => provider.send("anvil_mine", [`0x${blocks.toString(16)}`]) as Promise<unknown>,
    published: () => probe.published(agreement.a, agreement.b, 0),
    codes: () => log.lines.map(({ fields }) => fields["code"]),
  };
  return home;
}
