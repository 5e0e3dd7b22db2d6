import { describe, expect, it } from "vitest";
import { type RecordWire, SettlementUp } from "../../../core/message/settlement-message.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { newestSigner } from "../../../settlement/record/newest-statement.ts";
import { recordDigest, signerOf } from "../../../settlement/record/record.ts";
import { addressOf, aggregator, exampleSeries, household, keyOf } from "../../settlement/fixture.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { type Desk, disputeOf, domain, neighbourSite, openDesk, proposed, reported, signedBy, site } from "./home-double.ts";

const hourMs = 3_600_000;
/** Order of the group of secp256k1. */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** The same signature in its other form, with s in the upper half. */
function malleable(answer: SettlementUp): SettlementUp {
  if (answer.kind !== "signed") return answer;
  const { signature } = answer;
  const s = order - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith("1b") ? "1c" : "1b";
  return { ...answer, signature: `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}${v}` };
}
const kinds = ({ down }: Desk): string[] => down.map(({ kind }) => kind);
const states = async ({ store }: Desk): Promise<string[]> => (await store.records(null, 99)).map(({ state }) => state);

/** The first hour is over and reported, and its record proposed. */
async function afterFirstHour(): Promise<Desk> {
  const desk = await openDesk();
  await desk.clock.advance(hourMs);
  await reported(desk.store, 0, [100, 200, 0, 50]);
  await desk.proposer.advance(site);
  return desk;
}

describe("proposing", () => {
  it("proposes an hour once its last slot is there, priced by the series", async () => {
    const desk = await openDesk();
    await desk.clock.advance(hourMs);
    await reported(desk.store, 0, [100, 200, 0]);
    await desk.proposer.advance(site);
    expect(desk.down).toEqual([]);
    await reported(desk.store, 3, [50]);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({
      seq: 1,
      kind: "import",
      wh: 350,
      start: "2026-03-01T23:00:00.000Z",
      payer: household.owner,
    });
    // 0.1 kWh at 0.21000, 0.2 at 0.21137 and 0.05 at 0.21411 EUR, in micro-units.
    expect(proposed(desk.down).amount).toBe("73980");
  });

  it("bills nothing that the home traded at an exchange, and waits while the exchange does not say what that was", async () => {
    let traded: ReadonlyMap<number, number> | null = null;
    const desk = await openDesk({ trades: { of: () => Promise.resolve(traded) } });
    await desk.clock.advance(hourMs);
    await reported(desk.store, 0, [100, 200, 0, 50]);
    await desk.proposer.advance(site);
    expect(desk.down).toEqual([]);
    traded = new Map([[midnightMs + quarterMs, 150]]);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({ seq: 1, wh: 200 });
    expect(desk.down.at(-1)).toMatchObject({
      evidence: { slots: [{ wh: 100 }, { wh: 50 }, { wh: 0 }, { wh: 50 }], traded: [{ wh: 150 }] },
    });
  });

  it("sends one at a time, the next after both have signed, and steps over hours without energy", async () => {
    const desk = await afterFirstHour();
    await desk.clock.advance(2 * hourMs);
    await reported(desk.store, 4, [0, 0, 0, 0, 10, 0, 0, 0]);
    await desk.proposer.advance(site);
    expect(kinds(desk)).toEqual(["proposal", "proposal"]);
    await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
    expect(kinds(desk)).toEqual(["proposal", "proposal", "countersigned", "proposal"]);
    expect(proposed(desk.down)).toMatchObject({ seq: 2, wh: 10, start: "2026-03-02T01:00:00.000Z" });
    expect(await states(desk)).toEqual(["cosigned", "proposed"]);
  });

  it("settles a day at once where that is agreed, in two where the price series ends within it", async () => {
    const { importPerKwh, exportPerKwh } = exampleSeries();
    const half = (from: number, count: number) =>
      exampleSeries({
        start: new Date(midnightMs + from * quarterMs).toISOString(),
        importPerKwh: importPerKwh.slice(from, from + count),
        exportPerKwh: exportPerKwh.slice(from, from + count),
      });
    const quarters = Array.from({ length: 96 }, () => 10);
    for (const [series, periods] of [
      [[half(0, 96)], [["2026-03-01T23:00:00.000Z", "2026-03-02T23:00:00.000Z", 960]]],
      [
        [half(0, 40), half(40, 56)],
        [
          ["2026-03-01T23:00:00.000Z", "2026-03-02T09:00:00.000Z", 400],
          ["2026-03-02T09:00:00.000Z", "2026-03-02T23:00:00.000Z", 560],
        ],
      ],
    ] as const) {
      const desk = await openDesk({ agreement: { periodS: 86_400 }, prices: priceBook(series) });
      await reported(desk.store, 0, quarters);
      await desk.clock.advance(24 * hourMs);
      await desk.proposer.advance(site);
      for (const [start, end, wh] of periods) {
        const record = proposed(desk.down);
        expect(record).toMatchObject({ kind: "import", start, end, wh });
        await desk.proposer.answer(site, await signedBy(household.signer, record));
      }
      expect(proposed(desk.down)).toMatchObject({ kind: "reward" });
    }
  });

  it("lets import go on where a meter never has export slots", async () => {
    const desk = await openDesk();
    await desk.clock.advance(2 * hourMs);
    await desk.store.ingest(site, message(Array.from({ length: 8 }, (_, at) => slotItem(at + 1, at, 100))));
    await desk.proposer.advance(site);
    await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
    expect(proposed(desk.down)).toMatchObject({ seq: 2, kind: "import", start: "2026-03-02T00:00:00.000Z" });
  });

  it("pays the day's reward after the day, once", async () => {
    const desk = await openDesk();
    await reported(
      desk.store,
      0,
      Array.from({ length: 96 }, () => 0),
    );
    await desk.clock.advance(24 * hourMs - 1);
    await desk.proposer.advance(site);
    expect(desk.down).toEqual([]);
    await desk.clock.advance(1);
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toMatchObject({
      kind: "reward",
      wh: 0,
      amount: "350000",
      payer: aggregator.owner,
      end: "2026-03-02T23:00:00.000Z",
    });
    await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
    await desk.proposer.advance(site);
    expect(kinds(desk)).toEqual(["proposal", "countersigned"]);
  });

  it("sends a proposal again after two minutes without an answer, the same one", async () => {
    const desk = await afterFirstHour();
    await desk.proposer.advance(site);
    await desk.clock.advance(119_000);
    await desk.proposer.advance(site);
    expect(desk.down).toHaveLength(1);
    await desk.clock.advance(1000);
    await desk.proposer.advance(site);
    expect(desk.down[1]).toEqual(desk.down[0]);
  });

  it("keeps a proposal that the broker did not take, and goes on with the same record after a restart", async () => {
    const desk = await openDesk();
    await desk.clock.advance(hourMs);
    await reported(desk.store, 0, [100, 0, 0, 0]);
    desk.network.online = false;
    await desk.proposer.advance(site);
    const kept = (await desk.store.newestRecord(site))?.record;
    desk.network.online = true;
    await desk.restart();
    await desk.proposer.advance(site);
    expect(proposed(desk.down)).toEqual(kept);
    await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
    await desk.restart();
    await desk.proposer.advance(site);
    expect(await states(desk)).toEqual(["cosigned"]);
    expect(kinds(desk)).toEqual(["proposal", "countersigned"]);
  });

  it("proposes nothing without a price, nothing at a home without an agreement, and never twice at once", async () => {
    const late = exampleSeries({ start: new Date(midnightMs + 30 * quarterMs).toISOString() });
    const unpriced = await openDesk({ prices: priceBook([late]) });
    await unpriced.clock.advance(hourMs);
    await reported(unpriced.store, 0, [100, 0, 0, 0]);
    await unpriced.proposer.advance(site);
    expect(unpriced.log.lines).toMatchObject([{ level: "error", fields: { code: "settlement-no-price" } }]);
    await unpriced.proposer.advance("elsewhere");
    expect([unpriced.down, await unpriced.store.records(null, 9)]).toEqual([[], []]);
    const desk = await afterFirstHour();
    await Promise.all([1, 2, 3].map(() => desk.proposer.advance(site)));
    expect(desk.down).toHaveLength(1);
  });
});

describe("answers", () => {
  it("countersigns what the registered key has signed", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    await desk.proposer.answer(site, await signedBy(household.signer, record));
    const answer = desk.down[1];
    expect(answer).toMatchObject({ kind: "countersigned", seq: 1 });
    if (answer?.kind === "countersigned") expect(signerOf(domain, record, answer.signature)).toBe(addressOf(aggregator.signer));
    expect(await desk.store.recordAt(site, 1)).toMatchObject({ state: "cosigned" });
  });

  it("gives the countersignature again to whoever asks again, also after a restart", async () => {
    const desk = await afterFirstHour();
    const signed = await signedBy(household.signer, proposed(desk.down));
    await desk.proposer.answer(site, signed);
    await desk.proposer.answer(site, signed);
    await desk.restart();
    await desk.proposer.answer(site, signed);
    expect(kinds(desk)).toEqual(["proposal", "countersigned", "countersigned", "countersigned"]);
    expect(desk.down[3]).toEqual(desk.down[1]);
  });

  it.each<[string, (desk: Desk) => Promise<Parameters<Desk["proposer"]["answer"]>[1]>]>([
    ["a foreign key", async ({ down }) => signedBy(keyOf("somebody"), proposed(down))],
    ["the aggregator's own key", async ({ down }) => signedBy(aggregator.signer, proposed(down))],
    ["the right key under another record", async ({ down }) => signedBy(household.signer, { ...proposed(down), wh: 1 })],
    ["a malleable copy of the right signature", async ({ down }) => malleable(await signedBy(household.signer, proposed(down)))],
    ["a record that was never proposed", async ({ down }) => signedBy(household.signer, { ...proposed(down), seq: 9 })],
  ])("does not countersign %s", async (_, answer) => {
    const desk = await afterFirstHour();
    await desk.proposer.answer(site, await answer(desk));
    expect([kinds(desk), await states(desk)]).toEqual([["proposal"], ["proposed"]]);
    expect(desk.log.lines).toMatchObject([{ level: expect.stringMatching(/warn|error/) }]);
  });

  it("goes on with other homes while one disputes", async () => {
    const desk = await openDesk({ neighbour: true });
    await desk.clock.advance(hourMs);
    await reported(desk.store, 0, [10, 20, 30, 40]);
    await reported(desk.store, 0, [1, 2, 3, 4], 1, neighbourSite);
    await desk.proposer.advance(site);
    await desk.proposer.answer(site, disputeOf(proposed(desk.down), "settlement-energy-differs"));
    await desk.proposer.advance(neighbourSite);
    await desk.proposer.answer(neighbourSite, await signedBy(household.signer, proposed(desk.neighbour)));
    await reported(desk.store, 4, [1, 1, 1, 1], 9, neighbourSite);
    await desk.clock.advance(hourMs);
    await desk.proposer.advance(neighbourSite);
    expect(desk.neighbour.map(({ kind }) => kind)).toEqual(["proposal", "countersigned", "proposal"]);
    expect(kinds(desk)).toEqual(["proposal"]);
  });

  it("does not countersign unchecked while the chain is away, and does when it is asked again", async () => {
    const desk = await afterFirstHour();
    const signed = await signedBy(household.signer, proposed(desk.down));
    desk.network.chain = false;
    await desk.proposer.answer(site, signed);
    expect(await states(desk)).toEqual(["proposed"]);
    desk.network.chain = true;
    await desk.proposer.answer(site, signed);
    expect(await states(desk)).toEqual(["cosigned"]);
  });

  it.each([
    "settlement-energy-missing",
    "settlement-escrow-short",
    "settlement-daily-cap",
    "settlement-no-price",
    "chain-unreachable",
  ])("proposes the same record again after %s, which time may cure", async (code) => {
    const desk = await afterFirstHour();
    await desk.proposer.answer(site, disputeOf(proposed(desk.down), code));
    expect(await states(desk)).toEqual(["proposed"]);
    await desk.clock.advance(120_000);
    await desk.proposer.advance(site);
    expect(desk.down[1]).toEqual(desk.down[0]);
  });

  it("gives a person what a home says of its trades when a day has not cured it", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    await desk.clock.advance(24 * hourMs);
    await desk.proposer.answer(site, disputeOf(record, "settlement-trades-differ"));
    expect(await states(desk)).toEqual(["proposed"]);
    await desk.clock.advance(1000);
    await desk.proposer.answer(site, disputeOf(record, "settlement-trades-differ"));
    expect(await states(desk)).toEqual(["disputed"]);
    expect(desk.log.lines.at(-1)).toMatchObject({ level: "error", fields: { code: "settlement-trades-differ" } });
  });

  it("loses no dispute for the length of its figures or words", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    const said = disputeOf(record, "settlement-amount-differs");
    const long = { ...said, message: "m".repeat(900), own: { wh: 1.5, amount: `-${"9".repeat(46)}`, prev: "no hash", from: -1 } };
    await desk.proposer.answer(site, SettlementUp.parse(JSON.parse(JSON.stringify(long))));
    expect(await states(desk)).toEqual(["disputed"]);
    const [dispute] = await desk.store.disputes({ site, open: true, limit: 10 });
    expect(dispute).toMatchObject({
      own: { amount: `-${"9".repeat(46)}` },
      message: expect.stringMatching(/^m{500} \(cut\)$/) as string,
    });
    const longer = SettlementUp.parse({ ...long, own: { amount: "9".repeat(10_000) } });
    expect(longer).toMatchObject({ own: { amount: `${"9".repeat(100)} (cut)` } });
    expect(SettlementUp.parse({ ...long, own: "nothing" })).toMatchObject({ own: {} });
  });

  it("holds the pair after any other dispute, until a person looks", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    await desk.proposer.answer(site, disputeOf(record, "settlement-energy-differs"));
    await desk.clock.advance(2 * hourMs);
    await reported(desk.store, 4, [10, 10, 10, 10]);
    await desk.proposer.advance(site);
    await desk.proposer.answer(site, await signedBy(household.signer, record));
    await desk.restart();
    await desk.proposer.advance(site);
    expect([kinds(desk), await states(desk)]).toEqual([["proposal"], ["disputed"]]);
    expect((await desk.store.statistics(site)).recordsDisputed).toBe(1);
    expect(desk.log.lines).toMatchObject([{ level: "error", message: "home disputes a record, its settlement is held" }]);
  });

  it("gives a home that lost its journal the newest co-signed records back, and proposes again later", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    const signed = await signedBy(household.signer, record);
    await desk.proposer.answer(site, signed);
    await desk.clock.advance(hourMs);
    await reported(desk.store, 4, [10, 10, 10, 10]);
    await desk.proposer.advance(site);
    await desk.proposer.answer(site, disputeOf(proposed(desk.down), "settlement-journal-behind"));
    const head = desk.down.at(-1);
    expect(head).toMatchObject({
      kind: "head",
      records: [
        { record, evidence: { register: "import", slots: [] }, gatewaySignature: signed.kind === "signed" && signed.signature },
      ],
    });
    expect(head?.kind === "head" && signerOf(domain, record, head.records[0]?.aggregatorSignature ?? "")).toBe(
      addressOf(aggregator.signer),
    );
    expect(await states(desk)).toEqual(["cosigned", "proposed"]);
    await desk.clock.advance(120_000);
    await desk.proposer.advance(site);
    expect(kinds(desk).slice(-2)).toEqual(["head", "proposal"]);
  });

  it("shows from a number on all that both have signed, and signs which is the newest", async () => {
    const desk = await afterFirstHour();
    const records: RecordWire[] = [];
    for (let hour = 0; hour < 3; hour++) {
      const record = proposed(desk.down);
      records.push(record);
      await desk.proposer.answer(site, await signedBy(household.signer, record));
      await desk.clock.advance(hourMs);
      await reported(desk.store, 4 * (hour + 1), [10, 10, 10, 10]);
      await desk.proposer.advance(site);
    }
    const behind = disputeOf(proposed(desk.down), "settlement-journal-behind");
    await desk.proposer.answer(site, behind.kind === "disputed" ? { ...behind, own: { from: 2 } } : behind);
    const head = desk.down.at(-1);
    if (head?.kind !== "head" || !head.newest) expect.fail("no head");
    expect(head.records.map(({ record }) => record)).toEqual(records.slice(1));
    const [, , third] = records;
    expect(head.newest).toMatchObject({ seq: 3, digest: third && recordDigest(domain, third) });
    expect(newestSigner(domain, proposed(desk.down), head.newest)).toBe(addressOf(aggregator.signer));
    expect(Math.abs(head.newest.time - desk.clock.now() / 1000)).toBeLessThan(1);
  });

  it("takes no dispute of what both have signed", async () => {
    const desk = await afterFirstHour();
    const record = proposed(desk.down);
    await desk.proposer.answer(site, await signedBy(household.signer, record));
    await desk.proposer.answer(site, disputeOf(record, "settlement-energy-differs"));
    expect(await states(desk)).toEqual(["cosigned"]);
  });
});
