import fc from "fast-check";
import { expect, it } from "vitest";
import type { AggregatorExport, ExportSpan } from "../../../aggregator/store/export-store.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import type { ExportRow } from "../../../core/export-row.ts";
import { planOf } from "../plans.ts";
import { bootOne, bootTwo, message, midnightMs, quarterMs, sampleItem, scratchStore, slotItem, switchItem } from "../rows.ts";

const hourMs = 3_600_000;
const all = { fromMs: 0, toMs: midnightMs * 2 };
const agreement = `0x${"7e".repeat(32)}`;

async function rowsOf(store: AggregatorStore, kind: AggregatorExport, span: ExportSpan): Promise<ExportRow[]> {
  const rows: ExportRow[] = [];
  for await (const page of store.exportRows(kind, span)) {
    expect(page.length).toBeLessThanOrEqual(span.pageRows ?? 1000);
    rows.push(...page);
  }
  return rows;
}
const iso = (ms: number): string => new Date(ms).toISOString();

it("gives every reading and slot of a time once, whatever the size of a page", async () => {
  const { store } = await scratchStore();
  for (const site of ["a", "b"])
    for (const boot of [bootOne, bootTwo]) {
      const slots = [7, 8, 9, 10].flatMap((seq) => [slotItem(seq, seq, seq * 10)]);
      const exported = slotItem(11, 7, 5, { register: "export" });
      await store.ingest(site, message([...[1, 2, 3, 4, 5].map(sampleItem), switchItem(6), ...slots, exported], boot));
    }
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        pageRows: fc.integer({ min: 1, max: 30 }),
        site: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
        fromS: fc.integer({ min: 0, max: 7 }),
        lengthS: fc.integer({ min: 1, max: 7 }),
      }),
      async ({ pageRows, site, fromS, lengthS }) => {
        const which = { pageRows, ...(site !== undefined && { site }) };
        const homes = site === undefined ? ["a", "b"] : [site];
        const times = (of: readonly number[]): number[] => of.filter((at) => at >= fromS && at < fromS + lengthS);
        const readings = await rowsOf(store, "readings", {
          ...which,
          fromMs: midnightMs + fromS * 1000,
          toMs: midnightMs + (fromS + lengthS) * 1000,
        });
        const expected = homes.flatMap((home) =>
          [1, 2].flatMap(() => times([1, 2, 3, 4, 5]).map((at) => `${home} ${iso(midnightMs + at * 1000)}`)),
        );
        expect(readings.map(({ site: home, at }) => `${home} ${at}`)).toEqual(expected);
        const slots = await rowsOf(store, "slots", {
          ...which,
          fromMs: midnightMs + (fromS + 4) * quarterMs,
          toMs: midnightMs + (fromS + 4 + lengthS) * quarterMs,
        });
        const slotTimes = (of: readonly number[]): number[] => of.filter((at) => at >= fromS + 4 && at < fromS + 4 + lengthS);
        const line = (home: string, register: string) => (at: number) => [1, 2].map(() => `${home} ${register} ${at}`);
        expect(
          slots.map(({ site: home, register, start }) => {
            return `${home} ${register} ${(Date.parse(String(start)) - midnightMs) / quarterMs}`;
          }),
        ).toEqual(
          homes.flatMap((home) => [
            ...slotTimes([7]).flatMap(line(home, "export")),
            ...slotTimes([7, 8, 9, 10]).flatMap(line(home, "import")),
          ]),
        );
      },
    ),
    { numRuns: 40 },
  );
});

it("tells the unit and the quality of a reading and of a slot", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([sampleItem(1), slotItem(2, 0, 250, { quality: "estimated", clockSynced: false })]));
  expect(await rowsOf(store, "readings", all)).toEqual([
    {
      at: iso(midnightMs + 1000),
      site: "a",
      meter: "grid",
      powerW: 701,
      importWh: 1001,
      exportWh: 0,
      quality: "valid",
      clockSynced: true,
    },
  ]);
  expect(await rowsOf(store, "slots", all)).toEqual([
    {
      start: iso(midnightMs),
      end: iso(midnightMs + quarterMs),
      site: "a",
      meter: "grid",
      role: "grid",
      register: "import",
      energyWh: 250,
      quality: "estimated",
      clockSynced: false,
    },
  ]);
});

it("gives each instruction of a plan a row with what the home said, and a plan without any one too", async () => {
  const { store } = await scratchStore();
  const [one, two] = [planOf("boiler", 1), { ...planOf("car", 2), agreement, instructions: [] }];
  const doubled = { ...one, instructions: [...one.instructions, ...planOf("boiler", 3).instructions] };
  await store.savePlans("a", [doubled], midnightMs);
  await store.savePlans("b", [two], midnightMs + 1);
  await store.answerPlan("a", one.plan, "REJECTED", "too-late", { message: "over already", atMs: midnightMs + 77 });
  const found = await rowsOf(store, "plans", all);
  const told = { sentAt: iso(midnightMs), site: "a", resource: "boiler", plan: one.plan, agreement: null };
  const instruction = {
    start: iso(midnightMs),
    end: iso(midnightMs + hourMs),
    operationMode: "on",
    powerFactor: null,
    reason: "cheap",
  };
  const said = { answer: "REJECTED", answeredAt: iso(midnightMs + 77), code: "too-late", message: "over already" };
  expect(found.slice(0, 2)).toEqual([
    { ...told, ...instruction, ...said },
    { ...told, ...instruction, ...said },
  ]);
  expect(found.slice(2)).toMatchObject([{ site: "b", agreement, start: null, operationMode: null, answer: null }]);
  expect(await rowsOf(store, "plans", { fromMs: midnightMs + 1, toMs: midnightMs + 2 })).toHaveLength(1);
  expect(await rowsOf(store, "plans", { ...all, site: "b" })).toHaveLength(1);
});

it("gives events with what the home said to their plan, and rewards with their money", async () => {
  const { store } = await scratchStore();
  const event = { resource: "car", meter: "car", baseline: "charge_now" as const };
  const plans = [1, 2, 3].map((number) => planOf("car", number));
  for (const [at, plan] of plans.entries()) {
    const startMs = midnightMs + at * quarterMs;
    const marks = { agreement, powerW: at === 0 ? null : 8000, overridden: at === 1, excused: at === 2 };
    await store.addEvent({ ...event, ...marks, site: "a", plan: plan.plan, startMs, endMs: startMs + quarterMs });
  }
  await store.savePlans("a", plans, midnightMs);
  await store.answerPlan("a", plans[1]?.plan ?? "", "ACCEPTED", null);
  const events = await rowsOf(store, "events", { ...all, pageRows: 2 });
  expect(events.map(({ plan, powerW, answer, overridden, excused }) => [plan, powerW, answer, overridden, excused])).toEqual([
    [plans[0]?.plan, null, null, false, false],
    [plans[1]?.plan, 8000, "ACCEPTED", true, false],
    [plans[2]?.plan, 8000, null, false, true],
  ]);
  const day = { startMs: midnightMs, endMs: midnightMs + 24 * hourMs, agreement };
  const slots = [{ start: iso(midnightMs), end: iso(midnightMs + quarterMs), baselineWh: 2, meteredWh: 1, perKwh: "5" }];
  const evidence = { fundedPpm: 500_000, events: [{ ...event, plan: plans[0]?.plan ?? "", slots }] };
  await store.addRewards(
    [
      { ...day, site: "a", earned: 600_000n, amount: 225_000n, evidence },
      { ...day, site: "b", earned: -30_000n, amount: 0n, evidence: null },
    ],
    midnightMs + 1,
  );
  const rewards = await rowsOf(store, "rewards", { ...all, pageRows: 1 });
  const span = { start: iso(midnightMs), end: iso(midnightMs + 24 * hourMs), agreement, reckonedAt: iso(midnightMs + 1) };
  expect(rewards).toEqual([
    { ...span, site: "a", earnedMicro: "600000", amountMicro: "225000", fundedPpm: 500_000, events: 1 },
    { ...span, site: "b", earnedMicro: "-30000", amountMicro: "0", fundedPpm: null, events: 0 },
  ]);
});
