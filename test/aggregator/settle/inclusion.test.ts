import { expect, it } from "vitest";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { epochTrees } from "../../../aggregator/settle/epoch-trees.ts";
import { inclusion } from "../../../aggregator/settle/inclusion.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { SettlementDown } from "../../../core/message/settlement-message.ts";
import { buildEpoch, verifyInclusion } from "../../../settlement/log/epoch.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { aggregator, exampleEvidence, exampleRecord, exampleSeries } from "../../settlement/fixture.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { scratchStore } from "../rows.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
type Included = Extract<SettlementDown, { kind: "included" }>;

async function room() {
  const { store, reopen } = await scratchStore();
  const down: { site: string; message: Included; bytes: number }[] = [];
  const line = { there: new Set(["home-a", "home-b"]), broken: false };
  const send: Send = async (site, _type, _rest, body) => {
    if (line.broken) throw new Error("mqtt away");
    const message = SettlementDown.parse(body);
    if (message.kind !== "included") return;
    down.push({ site, message, bytes: JSON.stringify(body).length });
  };
  const make = (from: AggregatorStore) =>
    inclusion({
      store: from,
      owner: aggregator.owner,
      treeOf: epochTrees(from),
      send,
      present: (site) => line.there.has(site),
      log: silentLog(),
    });
  return { store, reopen, down, line, make, telling: make(store) };
}

/** So many co-signed records of a home, from the one after `before` on. */
async function addRecords(store: AggregatorStore, site: string, count: number, before = 0): Promise<string[]> {
  const digests: string[] = [];
  const example = exampleRecord(domain);
  for (let seq = before + 1; seq <= before + count; seq++) {
    const record = { ...example, seq, salt: `0x${Buffer.from(`${site} ${seq}`).toString("hex").padEnd(64, "0")}` };
    const digest = recordDigest(domain, record);
    const evidence = exampleEvidence("import", [1]);
    const signatures = { gatewaySignature: "0x01", ownSignature: "0x02" };
    await store.addRecord(
      { site, record, digest, evidence, prices: null, state: "cosigned", ...signatures, epoch: null },
      { kind: "import", nextMs: seq },
    );
    digests.push(digest);
  }
  return digests;
}

async function addFinal(store: AggregatorStore, epoch: number, digests: string[]): Promise<void> {
  await store.addEpoch({ epoch, root: buildEpoch(digests).root, digests });
  await store.epochCommitted(epoch, "0xt");
  await store.epochFinal(epoch);
}

const seqsOf = (down: readonly { site: string; message: Included }[], site: string): number[] =>
  down.filter((one) => one.site === site).flatMap(({ message }) => message.records.map(({ seq }) => seq));

it("sends each home the proofs of its own records, in messages that are not too large, and of the prices", async () => {
  const { store, down, telling } = await room();
  const series = exampleSeries();
  const hash = pricesHash(series);
  await store.keepSeries(series, { hash, startMs: 0, endMs: 1 });
  const digests = [...(await addRecords(store, "home-a", 230)), ...(await addRecords(store, "home-b", 3))];
  await addFinal(store, 1, [...digests, hash]);
  await telling.tell("home-a");
  await telling.tell("home-b");
  expect(seqsOf(down, "home-a")).toEqual(Array.from({ length: 230 }, (_, at) => at + 1));
  expect(seqsOf(down, "home-b")).toEqual([1, 2, 3]);
  for (const { message, bytes } of down) {
    expect(bytes).toBeLessThan(256 * 1024);
    const { root, count } = buildEpoch([...digests, hash]);
    expect(message).toMatchObject({ by: aggregator.owner, epoch: 1, root, count });
    for (const { digest, proof } of message.records) expect(verifyInclusion(root, digest, proof)).toBe(true);
    for (const { hash: leaf, proof } of message.prices) expect(verifyInclusion(root, leaf, proof)).toBe(true);
  }
  expect(down.flatMap(({ site, message }) => message.prices.map((price) => [site, price.hash]))).toEqual([
    ["home-a", hash],
    ["home-b", hash],
  ]);
});

it("says nothing before an epoch is final, and nothing twice to a home that was there", async () => {
  const { store, down, telling, make, reopen } = await room();
  const digests = await addRecords(store, "home-a", 2);
  await store.addEpoch({ epoch: 1, root: buildEpoch(digests).root, digests });
  await store.epochCommitted(1, "0xt");
  await telling.tell("home-a");
  expect(down).toEqual([]);
  await store.epochFinal(1);
  await telling.tell("home-a");
  await telling.tell("home-a");
  await make(await reopen()).tell("home-a");
  expect(down).toHaveLength(1);
});

it("waits for a home that is away, and tells it all when it comes back", async () => {
  const { store, down, line, telling } = await room();
  line.there.delete("home-a");
  await addFinal(store, 1, await addRecords(store, "home-a", 1));
  await addFinal(store, 2, await addRecords(store, "home-a", 1, 1));
  await telling.tell("home-a");
  expect(down).toEqual([]);
  await telling.welcome("home-a");
  expect(seqsOf(down, "home-a")).toEqual([1, 2]);
});

it("sends the newest again to a home that comes back: it may have been lost on its way", async () => {
  const { store, down, telling } = await room();
  await addFinal(store, 1, await addRecords(store, "home-a", 1));
  await addFinal(store, 2, await addRecords(store, "home-a", 1, 1));
  await telling.tell("home-a");
  await telling.welcome("home-a");
  await telling.welcome("home-a");
  expect(seqsOf(down, "home-a")).toEqual([1, 2, 2, 2]);
});

it("sends the proofs of the epoch that a home asks about again, however old, once for many questions", async () => {
  const { store, down, telling } = await room();
  const first = await addRecords(store, "home-a", 3);
  await addFinal(store, 1, first);
  await addFinal(store, 2, await addRecords(store, "home-a", 1, 3));
  await telling.tell("home-a");
  down.splice(0);
  const digest = first[1] ?? "";
  await Promise.all(Array.from({ length: 50 }, () => telling.again("home-a", { seq: 2, digest })));
  // The first one, and all others together.
  expect(seqsOf(down, "home-a")).toEqual([1, 2, 3, 1, 2, 3]);
  // Questions about records of several epochs are all answered.
  down.splice(0);
  const questions = (await Promise.all([1, 4, 3].map((seq) => store.recordAt("home-a", seq)))).flatMap((found) => found ?? []);
  await Promise.all(questions.map(({ record, digest: asked }) => telling.again("home-a", { seq: record.seq, digest: asked })));
  expect(seqsOf(down, "home-a")).toEqual([1, 2, 3, 4, 1, 2, 3]);
  down.splice(0);
  // It changes nothing of what is told next.
  await telling.tell("home-a");
  expect(down).toEqual([]);
});

it("says nothing of a record that is another one here, or whose epoch is not final", async () => {
  const { store, down, telling } = await room();
  const digests = await addRecords(store, "home-a", 1);
  await telling.again("home-a", { seq: 1, digest: digests[0] ?? "" });
  await store.addEpoch({ epoch: 1, root: buildEpoch(digests).root, digests });
  await telling.again("home-a", { seq: 1, digest: digests[0] ?? "" });
  await store.epochCommitted(1, "0xt");
  await store.epochFinal(1);
  await telling.again("home-a", { seq: 1, digest: `0x${"7".repeat(64)}` });
  await telling.again("home-a", { seq: 9, digest: digests[0] ?? "" });
  await telling.again("home-b", { seq: 1, digest: digests[0] ?? "" });
  expect(down).toEqual([]);
});

it("goes on where the line broke", async () => {
  const { store, down, line, telling } = await room();
  await addFinal(store, 1, await addRecords(store, "home-a", 1));
  line.broken = true;
  await telling.tell("home-a");
  line.broken = false;
  await telling.tell("home-a");
  expect(seqsOf(down, "home-a")).toEqual([1]);
});

it("gives a home that was away for years the newest epochs, not all of them", async () => {
  const { store, down, telling } = await room();
  for (let epoch = 1; epoch <= 50; epoch++) await addFinal(store, epoch, await addRecords(store, "home-a", 1, epoch - 1));
  await telling.welcome("home-a");
  expect(seqsOf(down, "home-a")).toEqual(Array.from({ length: 32 }, (_, at) => 19 + at));
});

it("builds a tree once for all who ask, keeps few, and forgets what was not there", async () => {
  const { store } = await room();
  let built = 0;
  const treeOf = epochTrees({ epochAt: (epoch) => (built++, store.epochAt(epoch)) });
  expect(await treeOf(1)).toBeNull();
  const digests = await addRecords(store, "home-a", 6);
  for (const [at, digest] of digests.entries()) await addFinal(store, at + 1, [digest]);
  built = 0;
  const [one, two] = await Promise.all([treeOf(1), treeOf(1)]);
  expect([one === two, one?.root, built]).toEqual([true, buildEpoch([digests[0] ?? ""]).root, 1]);
  for (const epoch of [2, 3, 4, 1, 5]) await treeOf(epoch);
  expect(built).toBe(5);
  await treeOf(1);
  expect(built).toBe(5);
  await treeOf(2);
  expect(built).toBe(6);
});
