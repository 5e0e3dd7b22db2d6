import fc from "fast-check";
import { expect, it } from "vitest";
import { homeProblem } from "../../../aggregator/optimise/home-problem.ts";
import { planHere } from "../../../aggregator/optimise/plan-here.ts";
import { planLists } from "../../../aggregator/optimise/plan-lists.ts";
import { instructedW, type PlannedResource } from "../../../aggregator/optimise/resource-modes.ts";
import { homeOf } from "../../../planner/home-of.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, charger } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const slotCount = 48;
const hours = new Float64Array(slotCount).fill(0.25);

const anyHome = fc.record({
  heaterWh: fc.integer({ min: 1, max: 12 }).map((halves) => halves * 500),
  carWh: fc.integer({ min: 500, max: 40_000 }),
  heaterW: fc.constantFrom(1500, 2000, 3000),
  minOnS: fc.constantFrom(0, 900, 1800, 3600),
  minOffS: fc.constantFrom(0, 900, 1800),
  maxImportW: fc.integer({ min: 3000, max: 17_000 }),
  baseW: fc.integer({ min: 0, max: 2500 }),
  /** Slot in which the car usually comes. */
  comes: fc.integer({ min: 0, max: slotCount }),
});
const anyStreet = fc.record({
  homes: fc.array(anyHome, { minLength: 1, maxLength: 4 }),
  /** From far too tight to loose. */
  limitWPerHome: fc.integer({ min: 100, max: 20_000 }),
  prices: fc.array(fc.integer({ min: -3_000_000, max: 50_000_000 }), { minLength: slotCount, maxLength: slotCount }),
});

/** Its heater and what the house draws besides are just more than the fuse. */
const twoWattsShort = { heaterWh: 500, carWh: 500, heaterW: 3000, minOnS: 0, minOffS: 0, maxImportW: 3000, baseW: 2, comes: 0 };
const free = Array.from({ length: slotCount }, () => 0);

const demandOf = ({ demand }: PlannedResource) => (demand.kind === "energy" ? demand : expect.fail());

it(
  "trades no home's constraint for money or for a feeder's limit, however tight and whatever prices",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(anyStreet, async ({ homes, limitWPerHome, prices }) => {
        const series = exampleSeries({
          start: new Date(midnightMs).toISOString(),
          importPerKwh: prices.map(String),
          exportPerKwh: prices.map(() => "0"),
        });
        const book = priceBook([series]);
        const slots = book.slots(midnightMs, midnightMs + slotCount * quarterMs, 15);
        const known = homes.map((home) => {
          const resources: PlannedResource[] = [
            {
              ...boiler,
              operationModes: [
                { id: "off", powerW: 0 },
                { id: "on", powerW: home.heaterW },
              ],
              minOnS: home.minOnS,
              minOffS: home.minOffS,
              maxImportW: home.maxImportW,
              demand: { kind: "energy", energyWh: home.heaterWh, notBefore: "01:00", readyBy: "06:30" },
            },
            {
              ...charger,
              maxImportW: home.maxImportW,
              demand: { kind: "energy", energyWh: home.carWh, notBefore: "00:00", readyBy: "07:00" },
            },
          ];
          const facts = {
            resources,
            statuses: new Map(),
            habits: new Map([["charger", { presentShare: slots.map((_, slot) => (slot >= home.comes ? 1 : 0)), drawW: null }]]),
            baseW: slots.map(() => home.baseW),
            mayControl: () => true,
          };
          const made = homeProblem(facts, { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce: new Map() });
          return { home, facts, ...made, devices: homeOf(made.problem).devices.map(({ name }) => name) };
        });
        await using room = planHere(() => performance.now());
        for (const [seed, { problem }] of known.entries()) await room.add({ problem, seed });
        const result = await room.plan({
          hours,
          parties: known.map((_, index) => ({ name: `gw-${index}`, curtailedBeforeWh: 0 })),
          feeders: [
            {
              name: "elm",
              importLimitWh: hours.map((h) => h * limitWPerHome * homes.length),
              exportLimitWh: hours.map(() => Infinity),
              members: known.map((_, index) => index),
            },
          ],
          keepWithin: 0.01,
          prices: [],
          mostMs: 30_000,
        });
        for (const [index, one] of known.entries()) {
          const made = { plan: await room.planOf(index), slots, hours, nowMs: midnightMs };
          const lists = planLists({ ...one, inForce: new Map() }, made, () => crypto.randomUUID());
          const watts = lists.map((list, at) =>
            slots.map(({ startMs }) => instructedW(one.facts.resources[at] ?? expect.fail(), list, startMs) ?? 0),
          );
          for (const [slot, { startMs }] of slots.entries()) {
            const drawn = watts.reduce((sum, own) => sum + (own[slot] ?? 0), 0);
            // The fuse is never overloaded by what is planned.
            if (drawn > 0) expect(drawn + one.home.baseW).toBeLessThanOrEqual(one.home.maxImportW + 1);
            // Nothing runs when it may not: neither before its window nor behind it.
            for (const [at, resource] of one.facts.resources.entries()) {
              const { notBefore, readyBy } = demandOf(resource);
              const inside =
                startMs >= midnightMs + minutesOf(notBefore) * 60_000 &&
                startMs + quarterMs <= midnightMs + minutesOf(readyBy) * 60_000;
              if (!inside) expect(watts[at]?.[slot]).toBe(0);
            }
          }
          // The relay keeps its least times but where its window ends a run, and the car draws nothing or what its charger can.
          const [heater = [], car = []] = watts;
          // It ends before the gateway would start by itself.
          const until = one.parts.find(({ resource }) => resource.resource === boiler.resource)?.until ?? minutesOf("06:30") / 15;
          for (const [on, lengths] of runsOf(heater, until))
            for (const length of lengths) expect(length * 900).toBeGreaterThanOrEqual(on ? one.home.minOnS : one.home.minOffS);
          for (const drawn of car) expect(drawn === 0 || (drawn >= 1379 && drawn <= 7401)).toBe(true);
          // Nobody is given more than it asked for, at any price, but for the run in which it gets the last of it.
          const given = watts.map((own) => own.reduce((sum, drawn) => sum + drawn / 4, 0));
          expect(given[0]).toBeLessThanOrEqual(one.home.heaterWh + one.home.heaterW * Math.max(0.25, one.home.minOnS / 3600));
          expect(given[1]).toBeLessThanOrEqual(one.home.carWh + 1380 / 4 + 1);
        }
        // What must give way for the limit does, down to the houses alone.
        const mustRunW = homes.reduce((sum, { baseW }) => sum + baseW, 0);
        if (mustRunW <= limitWPerHome * homes.length) expect(result.overloadWh).toBeLessThanOrEqual(0.01);
        // Wishes are cut for the feeder alone: where it has room for all that houses can take (a watt more than their fuse, as
        // above), nobody is curtailed.
        const roomy = homes.every(({ maxImportW }) => maxImportW + 1 <= limitWPerHome);
        if (roomy) expect([result.curtailed, result.feeders]).toEqual([[], []]);
      }),
      { numRuns: 12, examples: [3001, 20_000].map((limitWPerHome) => [{ homes: [twoWattsShort], limitWPerHome, prices: free }]) },
    );
  },
);

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Lengths of the times on and off between the first start and the last end, without a run that lasts until `endSlot`. */
function runsOf(watts: readonly number[], endSlot: number): Map<boolean, number[]> {
  const runs = new Map<boolean, number[]>([
    [true, []],
    [false, []],
  ]);
  const [first, last] = [watts.findIndex((drawn) => drawn > 0), watts.findLastIndex((drawn) => drawn > 0)];
  let length = 0;
  for (let slot = first; first >= 0 && slot <= last; slot++) {
    length += 1;
    const on = (watts[slot] ?? 0) > 0;
    if (slot < last && (watts[slot + 1] ?? 0) > 0 === on) continue;
    if (!on || slot + 1 !== endSlot) runs.get(on)?.push(length);
    length = 0;
  }
  return runs;
}
