import fc from "fast-check";
import { expect, it } from "vitest";
import { relayBound } from "../../../planner/exact/relay-bound.ts";
import { homeOf, readProblem } from "../../../planner/home-of.ts";
import type { Device, Home } from "../../../planner/home.ts";
import { objective } from "../../../planner/objective.ts";

const slots = 9;
const relays = fc.record({
  prices: fc.array(
    fc.integer({ min: -20, max: 60 }).map((cents) => cents / 100),
    { minLength: slots, maxLength: slots },
  ),
  draws: fc.array(fc.integer({ min: 0, max: 900 }), { minLength: slots, maxLength: slots }),
  initialC: fc.integer({ min: 40, max: 80 }),
  minOn: fc.integer({ min: 0, max: 3 }),
  minOff: fc.integer({ min: 0, max: 3 }),
  wasOn: fc.boolean(),
});
type Relay = typeof relays extends fc.Arbitrary<infer One> ? One : never;

/** A home that is one tank, so that what it pays is what the tank pays. */
const tankHome = ({ prices, draws, initialC, minOn, minOff, wasOn }: Relay): Home =>
  homeOf(
    readProblem(
      {
        slot_minutes: 60,
        import_price_per_kwh: prices,
        appliances: [
          {
            type: "water_heater",
            name: "tank",
            litres: 100,
            initial_c: initialC,
            min_c: 50,
            max_c: 75,
            loss_w_per_k: 2,
            draw_wh: draws,
            power_w: 1500,
            min_on_minutes: minOn * 60,
            min_off_minutes: minOff * 60,
            was_on: wasOn,
            was_for_minutes: 600,
          },
        ],
      },
      "relay",
    ),
  );

/** Every pattern of on and off that keeps the rules; what was before the plan had lasted long enough. */
function* patterns({ minOn, minOff, wasOn }: Relay): Generator<boolean[]> {
  for (let pattern = 0; pattern < 2 ** slots; pattern += 1) {
    const on = Array.from({ length: slots }, (_, slot) => (pattern >> slot) % 2 === 1);
    let [was, lasted, keeps] = [wasOn, Infinity, true];
    for (const is of on) {
      if (is === was) lasted += 1;
      else {
        keeps &&= lasted >= (was ? minOn : minOff);
        [was, lasted] = [is, 1];
      }
    }
    if (keeps) yield on;
  }
}

it("is just below the cheapest of all schedules, each tried", () => {
  fc.assert(
    fc.property(relays, (relay) => {
      const home = tankHome(relay);
      const device = home.devices[0] as Device;
      let least = Infinity;
      for (const on of patterns(relay)) {
        const flow = {
          in: Float64Array.from(on, (is, slot) => (is ? (device.maxIn[slot] ?? 0) : 0)),
          out: new Float64Array(slots),
        };
        least = Math.min(least, objective(home, [flow]));
      }
      const bound = relayBound(device, relay.prices);
      expect(bound).toBeLessThanOrEqual(least + 1e-9);
      // Each slot may win the wishes' price of a cell, a fraction of a Wh.
      expect(bound).toBeGreaterThan(least - slots * 0.5 * device.shortfallPrice - 0.001);
    }),
    { numRuns: 20 },
  );
});
