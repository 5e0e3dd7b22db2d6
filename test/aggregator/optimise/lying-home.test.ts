import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Resource, ResourceStatus } from "../../../core/message/resource.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { describeHomes, elm, feederDesk, homesOf } from "./feeder-desk.ts";

/** Figures at which sums, divisions and roots go wrong. */
const figure = fc.constantFrom(0, 1, -1, 7, 2000, 1e6, 1e9, 1e15, -1e15, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
const natural = figure.map(Math.abs);
const positive = natural.map((one) => Math.max(1, one));
const real = fc.oneof(figure, fc.constantFrom(1e-300, -1e-300, 1e308, -1e308, 0.5, 5e-324));
const aboveNothing = real.filter((one) => one > 0);
const time = fc.constantFrom("00:00", "23:59", "06:30", "12:00");
const instant = fc.constantFrom("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-02T12:07:03.5Z");
const id = fc.constantFrom("off", "on", "limit", "", "__proto__", "constructor", "\u0000", "\ud800", "\u202e‮");
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const foretold = fc.record({
  start: instant,
  stepS: fc.constantFrom(300, 900, 3600),
  values: fc.array(real, { minLength: 1, maxLength: 200 }),
});
const range = (least: number, most: number) =>
  fc
    .tuple(fc.constantFrom(least, 0, 20, most), fc.constantFrom(least, 0, 20, most))
    .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }));
const storage = fc.oneof(
  fc.record({
    kind: fc.constant("battery" as const),
    capacityWh: positive,
    fillLevelRange: range(0, 100),
    wearPerKwh: maybe(fc.constantFrom("0", "-5", "999999999999999999999999999999", "10000")),
  }),
  fc.record({
    kind: fc.constant("tank" as const),
    whPerK: aboveNothing,
    fillLevelRange: range(-50, 150),
    leakage: fc.record({ wPerK: real.map(Math.abs), ambientC: fc.constantFrom(-50, 0, 60) }),
    usage: maybe(foretold),
  }),
  fc.record({
    kind: fc.constant("room" as const),
    whPerK: aboveNothing,
    fillLevelRange: range(-50, 150),
    leakage: fc.record({ wPerK: real.map(Math.abs), outdoorC: maybe(foretold) }),
  }),
);
const lie = fc.record({
  v: fc.constant(1 as const),
  resource: fc.constantFrom("a", "b", "__proto__", "constructor", "toString", "boiler"),
  controlType: fc.constant("OMBC" as const),
  operationModes: fc.array(
    fc.record({ id, powerW: figure, minPowerW: maybe(figure), fillRate: maybe(real), minFillRate: maybe(real) }),
    { minLength: 1, maxLength: 16 },
  ),
  minOnS: natural,
  minOffS: natural,
  failsafeMode: id,
  demand: maybe(
    fc.oneof(
      fc.record({ kind: fc.constant("energy" as const), energyWh: positive, notBefore: time, readyBy: time }),
      fc.record({ kind: fc.constant("block" as const), maxBlockS: positive, minFreeS: positive }),
    ),
  ),
  storage: maybe(storage),
  curtailment: maybe(fc.record({ consequence: fc.constant("VANISH" as const), limitMode: id })),
  timezone: fc.constantFrom("Europe/Amsterdam", "Asia/Kathmandu", "Pacific/Apia", "+05:30"),
  maxImportW: positive,
  maxExportW: maybe(natural),
  meter: maybe(fc.constantFrom("grid", "__proto__")),
  increaseDelays: maybe(fc.record({ start: instant, stepS: positive, delaysS: fc.array(natural, { maxLength: 200 }) })),
});
const word = fc.record({
  v: fc.constant(1 as const),
  at: instant,
  operationModeId: id,
  reason: id,
  powerW: maybe(figure),
  alarm: maybe(fc.constant("x")),
  deliveredWh: maybe(natural),
  fillLevel: maybe(fc.record({ value: fc.constantFrom(-100, 0, 50, 200), at: instant })),
  override: maybe(
    fc.record({
      cause: fc.constantFrom("user", "hand", "comfort", "safety", "comms"),
      mode: maybe(fc.constantFrom("boost", "pause", "holiday", "hold")),
      until: fc.option(instant, { nil: null }),
    }),
  ),
});
/** Quarter of an hour before or after midnight in which a slot begins, how long it is, ms, and its Wh. */
const span = fc.tuple(
  fc.integer({ min: -96 * 14, max: 4 }),
  fc.constantFrom(900_000, 0, -900_000, 1, 3_600_000, 1e12),
  fc.constantFrom(0, 100, 1e9),
);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each([
  ["on a feeder with others", true],
  ["by itself", false],
])("a home that says whatever its messages may hold, %s", (_, isTogether) => {
  it("spoils nobody's plan", { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(lie, word), { minLength: 1, maxLength: 4 }),
        fc.array(span, { maxLength: 60 }),
        async (lies, spans) => {
          const sites = homesOf(3);
          const { store, clock, desk, failures, sent } = await feederDesk(isTogether ? [elm(20_000, sites)] : [], sites);
          await describeHomes(store, sites.slice(1));
          const slots = spans.map(([index, length, wh], at) =>
            slotItem(at + 1, index, wh, { end: new Date(midnightMs + index * quarterMs + length).toISOString() }),
          );
          if (slots.length > 0) await store.ingest("gw-0", message(slots));
          for (const [resource, status] of lies) {
            await store.saveResource("gw-0", Resource.parse(plain(resource)));
            await store.saveStatus("gw-0", ResourceStatus.parse(plain({ ...status, resource: resource.resource })));
          }
          await desk.planAll();
          await clock.advance(1000);
          expect(failures.map(String)).toEqual([]);
          for (const site of sites.slice(1)) expect(sent.some((one) => one.site === site)).toBe(true);
        },
      ),
      { numRuns: Number(process.env["LYING_HOME_RUNS"] ?? 6) },
    );
  });
});
