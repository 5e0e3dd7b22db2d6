import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { FeederConfig } from "../../../aggregator/config/aggregator-config.ts";
import { readFeeders } from "../../../aggregator/config/read-feeders.ts";
import { limitAt } from "../../../aggregator/optimise/feeder-groups.ts";
import { dayIncome, feederAvailability } from "../../../aggregator/reward/income.ts";
import { worth } from "../../../aggregator/reward/worth.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { GridAgreement, type GridTerms } from "../../../settlement/record/grid-agreement.ts";
import { agreementHash, signAgreement } from "../../../settlement/record/sign-agreement.ts";
import { scratch } from "../../fake/scratch.ts";
import { addressOf, aggregator, exampleSeries, midnight, partyA, partyB } from "../../settlement/fixture.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

const terms: GridTerms = {
  feeder: "elm",
  importLimitW: 8000,
  day: [{ from: "17:00", until: "20:00", importLimitW: 5000 }],
  charges: [{ from: "17:00", until: "21:00", perKwh: "80000" }],
  availabilityPerDay: "2000000",
};
const agreement: GridAgreement = {
  v: 1,
  kind: "grid",
  a: partyA.owner,
  b: partyB.owner,
  signerA: addressOf(partyA.signer),
  signerB: addressOf(partyB.signer),
  aggregator: aggregator.owner,
  from: midnight,
  until: "2026-03-31T22:00:00.000Z",
  timezone: "Europe/Amsterdam",
  currency: "EUR",
  feeders: [terms],
  settlementContract: `0x${"5e".repeat(20)}`,
  chainId: 31_337,
};
const plain: FeederConfig = { name: "elm", importLimitW: 7000, day: [], timezone: "UTC", sites: ["a", "b"] };
const elm: FeederConfig = { ...plain, grid: { ...agreement, agreement: agreementHash(agreement), terms } };
const dayMs = 96 * quarterMs;
const day = { startMs: midnightMs, endMs: midnightMs + dayMs };
/** Local hours of the day. */
const hour = (at: number): number => midnightMs + at * 4 * quarterMs;

/** A file with the contract, signed by both. */
async function fileOf(change: object = {}): Promise<string> {
  const signed = {
    agreement,
    signatureA: await signAgreement(partyA.signer, agreement),
    signatureB: await signAgreement(partyB.signer, agreement),
    ...change,
  };
  const file = join(mkdtempSync(join(scratch("grid"), "x")), "grid.json");
  writeFileSync(file, JSON.stringify(signed));
  return file;
}

it("reads what a feeder's contract says, and refuses one that is not signed or not about it", async () => {
  const file = await fileOf();
  expect(readFeeders([{ ...plain, agreementFile: file }, plain])).toMatchObject([
    { name: "elm", grid: { agreement: agreementHash(agreement), terms, timezone: "Europe/Amsterdam" } },
    plain,
  ]);
  expect(() => readFeeders([{ ...plain, name: "oak", agreementFile: file }])).toThrow(
    expect.objectContaining({ code: "agreement-elsewhere" }),
  );
  const forged = await fileOf({ agreement: { ...agreement, feeders: [{ ...terms, importLimitW: 9000 }] } });
  expect(() => readFeeders([{ ...plain, agreementFile: forged }])).toThrow(
    expect.objectContaining({ code: "agreement-not-signed" }),
  );
});

it.each<[string, object]>([
  ["a feeder twice", { feeders: [terms, terms] }],
  ["no feeder", { feeders: [] }],
  ["the parties in the wrong order", { a: agreement.b, b: agreement.a }],
  ["an end before its start", { until: "2026-03-01T00:00:00Z" }],
  ["a term that is not known", { bonus: 1 }],
])("a contract with %s is none", (_, change) => {
  expect(GridAgreement.safeParse({ ...agreement, ...change }).success).toBe(false);
  expect(GridAgreement.parse(agreement)).toEqual(agreement);
});

it("the lower limit holds, of the contract only while it lasts", () => {
  expect([limitAt(elm, hour(12)), limitAt(elm, hour(18)), limitAt(plain, hour(18))]).toEqual([7000, 5000, 7000]);
  expect(limitAt({ ...elm, importLimitW: 9000 }, hour(12))).toBe(8000);
  expect(limitAt({ ...elm, importLimitW: 9000 }, Date.parse(agreement.until))).toBe(9000);
});

it("fixes prices and charges of slots that have not begun, once", async () => {
  const { store } = await scratchStore();
  const later = exampleSeries({
    importPerKwh: Array.from({ length: 192 }, () => "1"),
    exportPerKwh: Array.from({ length: 192 }, () => "1"),
  });
  const fixed = worth({ prices: priceBook([exampleSeries(), later]), feeders: [elm, plain], store, slotMinutes: 15 });
  await fixed.freeze(midnightMs + 1);
  const prices = await store.frozenPrices(day.startMs, day.endMs + dayMs);
  // The slot that has begun is not among them; the first series that covers a step binds.
  expect(prices.length).toBe(191);
  expect([prices[0]?.perKwh, prices[95]?.perKwh]).toEqual([BigInt(exampleSeries().importPerKwh[1] ?? ""), 1n]);
  const charges = await store.frozenCharges("elm", day.startMs, day.endMs);
  const dear = charges.filter(({ perKwh }) => perKwh === 80_000n);
  expect([dear[0]?.startMs, dear.at(-1)?.endMs, dear.length]).toEqual([hour(17), hour(21), 16]);
  expect(new Set(charges.map((charge) => charge.agreement))).toEqual(new Set([agreementHash(agreement)]));
  // Nobody gets another price by saying so later.
  const other = { ...elm, grid: { ...(elm.grid ?? expect.fail()), terms: { ...terms, charges: [] } } };
  await worth({ prices: priceBook([later]), feeders: [other], store, slotMinutes: 15 }).freeze(midnightMs + 2);
  expect(await store.frozenPrices(day.startMs, day.endMs + dayMs)).toEqual(prices);
  expect(await store.frozenCharges("elm", day.startMs, day.endMs)).toEqual(charges);
});

it("pays for a day on which the homes together kept the limit, and waits for their slots", async () => {
  const { store } = await scratchStore();
  const source = feederAvailability([elm, { ...plain, name: "oak" }], store);
  const day96 = (wh: (quarter: number) => number) => Array.from({ length: 96 }, (_, at) => slotItem(at + 1, at, wh(at)));
  await store.ingest("a", message(day96(() => 900)));
  expect(await source.earned(day)).toBeNull();
  expect(await dayIncome([source], day, false)).toBeNull();
  expect(await dayIncome([source], day, true)).toEqual([{ ...day, source: "feeder availability", micro: 0n }]);
  // 3.6 kW and 3.4 kW; from 17:00 on the feeder carries 5 kW.
  await store.ingest("b", message(day96((at) => (at >= 68 && at < 80 ? 350 : 850))));
  expect(await source.earned(day)).toBe(2_000_000n);
  expect(await source.earned({ startMs: day.startMs - dayMs, endMs: day.startMs })).toBe(0n);
});

it("pays nothing for a day on which one slot was above it", async () => {
  const { store } = await scratchStore();
  for (const [site, more] of [
    ["a", 0],
    ["b", 1],
  ] as const)
    await store.ingest(site, message(Array.from({ length: 96 }, (_, at) => slotItem(at + 1, at, at === 70 ? 625 + more : 500))));
  expect(await feederAvailability([elm], store).earned(day)).toBe(0n);
});
