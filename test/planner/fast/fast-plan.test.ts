import fc from "fast-check";
import { expect, it } from "vitest";
import { fastPlan } from "../../../planner/fast/fast-plan.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";
import { objective } from "../../../planner/objective.ts";

const slots = 9;
interface Case {
  prices: number[];
  needSlots: number;
  minOn: number;
  minOff: number;
  startCost: number;
  from: number;
  until: number;
}

const homeFor = ({ prices, needSlots, minOn, minOff, startCost, from, until }: Case) =>
  homeOf(
    readProblem(
      {
        slot_minutes: 60,
        import_price_per_kwh: prices,
        base_load_w: 300,
        appliances: [
          {
            type: "deferrable",
            name: "load",
            energy_wh: needSlots * 1000,
            power_w: 1000,
            from,
            until,
            min_on_minutes: minOn * 60,
            min_off_minutes: minOff * 60,
            start_cost: startCost,
          },
        ],
      },
      "case",
    ),
  );

/** The least objective of all patterns of on and off that keep the rules, each tried. */
function byTryingAll(one: Case): number {
  const home = homeFor(one);
  let least = Infinity;
  for (let pattern = 0; pattern < 2 ** slots; pattern += 1) {
    const on = Array.from({ length: slots }, (_, slot) => (pattern >> slot) % 2 === 1);
    if (!keepsRules(on, one)) continue;
    const flow = { in: Float64Array.from(on, (is) => (is ? 1000 : 0)), out: new Float64Array(slots) };
    least = Math.min(least, objective(home, [flow]));
  }
  return least;
}

function keepsRules(on: readonly boolean[], { needSlots, minOn, minOff, from, until }: Case): boolean {
  // No more than its least time on above what is needed: it is full then.
  if (on.filter(Boolean).length > needSlots + Math.max(1, minOn)) return false;
  let [was, lasted] = [false, Infinity];
  for (const [slot, is] of on.entries()) {
    if (is && (slot < from || slot >= until)) return false;
    if (is === was) {
      lasted += 1;
      continue;
    }
    // Where the window ends it goes off however short it ran.
    if (was && lasted < minOn && slot < until) return false;
    if (!was && lasted < minOff) return false;
    [was, lasted] = [is, 1];
  }
  return true;
}

const cases = fc
  .record({
    prices: fc.array(
      fc.integer({ min: -20, max: 60 }).map((cents) => cents / 100),
      { minLength: slots, maxLength: slots },
    ),
    needSlots: fc.integer({ min: 0, max: 6 }),
    minOn: fc.integer({ min: 0, max: 3 }),
    minOff: fc.integer({ min: 0, max: 3 }),
    startCost: fc.constantFrom(0, 0.01, 0.3),
    from: fc.integer({ min: 0, max: 3 }),
    until: fc.integer({ min: 5, max: slots }),
  })
  .filter(({ needSlots, from, until }) => needSlots <= until - from);

it("finds for one relay what trying all patterns finds", () => {
  fc.assert(
    fc.property(cases, (one) => {
      const home = homeFor(one);
      expect(objective(home, fastPlan(home))).toBeCloseTo(byTryingAll(one), 6);
    }),
    { numRuns: 150 },
  );
});

it("never makes a plan worse than the one that it is given to begin with, where that keeps the rules", () => {
  fc.assert(
    fc.property(cases, fc.array(fc.boolean(), { minLength: slots, maxLength: slots }), (one, pattern) => {
      fc.pre(keepsRules(pattern, one));
      const home = homeFor(one);
      const start = [{ in: Float64Array.from(pattern, (is) => (is ? 1000 : 0)), out: new Float64Array(slots) }];
      expect(objective(home, fastPlan(home, { start }))).toBeLessThanOrEqual(objective(home, start) + 1e-9);
    }),
    { numRuns: 60 },
  );
});
