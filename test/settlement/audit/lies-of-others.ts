import { id } from "ethers";
import { expect } from "vitest";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import type { ChainView } from "../../../settlement/audit/chain-view.ts";
import type { ChainEvent } from "../../../settlement/chain/chain-events.ts";
import type { LoggedRecord } from "../../../settlement/log/log-run.ts";
import { householdIsA, partyA, partyB } from "../fixture.ts";
import { type Lie, nextDay } from "./story.ts";
import { type AuditWorld, filePlace, recordsForm } from "./world.ts";

const day = 86_400;

/** The view with one answer changed: a node that lies. */
const lying = (world: AuditWorld, change: Partial<ChainView>): { view: ChainView } => ({ view: { ...world.view, ...change } });
async function* eventsChanged(
  world: AuditWorld,
  range: { fromBlock: number; toBlock: number },
  change: (one: ChainEvent) => ChainEvent,
) {
  for await (const page of world.view.events(range)) yield { ...page, events: page.events.map(change) };
}
const trade = async (world: AuditWorld, previous: RecordWire, change: Partial<RecordWire> = {}): Promise<LoggedRecord> => {
  const amount = "50000";
  const payer = previous.a;
  const record: RecordWire = {
    ...previous,
    seq: previous.seq + 1,
    kind: "trade",
    wh: 400,
    amount,
    payer,
    prices: `0x${"0".repeat(64)}`,
    ref: id("a trade"),
    cumA: String(BigInt(previous.cumA) + BigInt(amount)),
    prev: (await world.sign(previous)).digest,
    ...change,
  };
  return world.sign(record);
};

/** In what is published, in what the parties keep, in trades and money, and by the node that is asked. */
export const liesOfOthers: Lie[] = [
  [
    "a root over something else than what is published",
    "root-differs",
    "bad",
    async (world) => world.commit(recordsForm(await world.honestDay()), { root: id("another root") }),
  ],
  [
    "another number of leaves than is published",
    "root-differs",
    "bad",
    async (world) => world.commit(recordsForm(await world.honestDay()), { count: 6 }),
  ],
  [
    "a file whose hash is committed and which leads to another root",
    "root-differs",
    "bad",
    async (world) => {
      const { bytes, place } = filePlace(recordsForm(await world.honestDay()));
      await world.commit(recordsForm([], [id("x")]), { data: place });
      return { sources: [{ name: "a mirror", fetch: async () => bytes }] };
    },
  ],
  [
    "data that nobody gives out",
    "data-missing",
    "unknown",
    async (world) => {
      const data = recordsForm(await world.honestDay());
      await world.commit(data, { data: filePlace(data).place });
    },
  ],
  [
    "a mirror that gives something else",
    "source-differs",
    "note",
    async (world) => {
      const data = recordsForm(await world.honestDay());
      await world.bindPrices();
      await world.market.warpTo(nextDay);
      const { bytes, place } = filePlace(data);
      await world.commit(data, { data: place });
      return {
        sources: [
          { name: "a liar", fetch: async () => bytes.with(100, (bytes[100] ?? 0) ^ 1) },
          { name: "a mirror", fetch: async () => bytes },
        ],
      };
    },
  ],
  [
    "a commitment whose data says nothing that is known",
    "place-malformed",
    "bad",
    async (world) => world.commit(recordsForm([], [id("x")]), { data: "0x09" }),
  ],
  [
    "a settlement of what the log never had",
    "head-unlogged",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.bindPrices();
      await world.market.warpTo(nextDay);
      await world.commit(recordsForm(records.slice(0, 4)));
      await world.settle(records[4] ?? expect.fail());
      await world.market.warpTo(nextDay + day);
      await world.commit(recordsForm([], [id("tariff")]));
    },
  ],
  [
    "records of others in an epoch",
    "stranger-epoch",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      const [first] = records;
      const b = `0x${"f".repeat(40)}`;
      const a = householdIsA ? partyA.owner : partyB.owner;
      const record = { ...(first?.record ?? expect.fail()), a, b, payer: a };
      await world.commit(recordsForm([await world.sign(record)]));
    },
  ],
  [
    "a trade with one leg",
    "leg-missing",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly([...records, await trade(world, (records[4] ?? expect.fail()).record)]);
      await world.market.warpTo(nextDay + day);
      await world.commit(recordsForm([], [id("tariff")]));
    },
  ],
  [
    "a trade whose legs are between the same two",
    "legs-differ",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      const one = await trade(world, (records[4] ?? expect.fail()).record);
      const other = await trade(world, one.record);
      await world.publishHonestly([...records, one, other]);
    },
  ],
  [
    "evidence that was exchanged",
    "evidence-differs",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      const [one, other] = records;
      const exchanged = one && other ? [{ ...one, evidence: other.evidence }] : expect.fail();
      return { archive: await world.archiveOf(exchanged) };
    },
  ],
  [
    "an agreement that one side did not sign",
    "agreement-unsigned",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      const archive = await world.archiveOf(records, (line) =>
        line.kind === "agreement" ? { ...line, signatureA: line.signatureB } : line,
      );
      return { archive };
    },
  ],
  [
    "a record that cannot be one",
    "record-malformed",
    "bad",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records);
      return {
        archive: await world.archiveOf(records, (line) =>
          line.kind === "record" ? { ...line, record: { ...line.record, payer: world.market.token } } : line,
        ),
      };
    },
  ],
  [
    "a record that waits for its countersignature",
    "countersignature-missing",
    "unknown",
    async (world) => {
      const records = await world.honestDay();
      await world.publishHonestly(records.slice(0, 4));
      const { record, signatureA } = records[4] ?? expect.fail();
      await world.market.warpTo(nextDay + 60);
      await world.market.funder.publish(record, signatureA, "0x");
    },
  ],
  [
    "money that the contract does not have",
    "tokens-missing",
    "bad",
    async (world) => {
      await world.publishHonestly();
      return lying(world, { tokensAt: async (block) => (await world.view.tokensAt(block)) - 1n });
    },
  ],
  [
    "a node with other balances than its events",
    "balances-differ",
    "bad",
    async (world) => {
      await world.publishHonestly();
      return lying(world, { pairAt: async (a, b, block) => ({ ...(await world.view.pairAt(a, b, block)), balanceA: 7n }) });
    },
  ],
  [
    "a settlement of another amount than the totals say",
    "settled-differs",
    "bad",
    async (world) => {
      await world.publishHonestly();
      const more = (one: ChainEvent) => (one.name === "Settled" ? { ...one, due: one.due + 1n } : one);
      return lying(world, { events: (range) => eventsChanged(world, range, more) });
    },
  ],
  [
    "tokens that were sent past the pairs",
    "tokens-surplus",
    "note",
    async (world) => {
      await world.publishHonestly();
      await world.market.funder.transfer(world.market.domain.contract, 3n);
    },
  ],
  [
    "an epoch before the first that was read",
    "epochs-skipped",
    "unknown",
    async (world) => {
      await world.publishHonestly();
      const skip = (one: ChainEvent): ChainEvent => (one.name === "Committed" ? { ...one, epoch: one.epoch + 1 } : one);
      return lying(world, { events: (range) => eventsChanged(world, range, skip) });
    },
  ],
  [
    "a beginning after that of the contract",
    "history-incomplete",
    "unknown",
    async (world) => {
      await world.publishHonestly();
      return { fromBlock: (await world.view.newestBlock()) - 1 };
    },
  ],
  ["records of which no evidence was given", "amount-unchecked", "unknown", async (world) => world.publishHonestly()],
  [
    "digests that nobody explains",
    "digest-unexplained",
    "unknown",
    async (world) => world.commit({ form: "digests", leaves: [id("a"), id("b")] }),
  ],
];
