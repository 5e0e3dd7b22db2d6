import fc from "fast-check";
import { expect, it } from "vitest";
import { cityCharge, mostKwh, type CityBattery } from "../../../bench/citylearn/battery.ts";

const fresh = (chargeKwh: number): CityBattery => ({ capacityKwh: 6.4, chargeKwh });

it("takes 5 kW at most, and less of it the fuller it is", () => {
  expect(mostKwh(fresh(0))).toBe(5);
  expect(mostKwh(fresh(0.8 * 6.4))).toBeCloseTo(5, 9);
  expect(mostKwh(fresh(0.9 * 6.4))).toBeCloseTo(3, 9);
  expect(mostKwh(fresh(6.4))).toBeCloseTo(1, 9);
});

it("loses by the curve of its power, the square root each way", () => {
  // 3.5 kW are 0.7 of the nominal power: 0.9 there and back.
  expect(cityCharge(fresh(0), 3.5).battery.chargeKwh).toBeCloseTo(3.5 * Math.sqrt(0.9), 9);
  // 1 kW is below 0.3: 0.83.
  expect(cityCharge(fresh(3), -1).battery.chargeKwh).toBeCloseTo(3 - 1 / Math.sqrt(0.83), 9);
});

it("never gives more than was put in, stays between empty and full, and only ever wears", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { maxLength: 60 }), (asked) => {
      let battery = fresh(0);
      let net = 0;
      for (const kWh of asked) {
        const step = cityCharge(battery, kWh);
        expect(step.battery.capacityKwh).toBeLessThanOrEqual(battery.capacityKwh);
        battery = step.battery;
        net += step.takenKwh;
        expect(battery.chargeKwh).toBeGreaterThanOrEqual(0);
        // Wear after a charge may leave it a hair above its capacity.
        expect(battery.chargeKwh).toBeLessThanOrEqual(battery.capacityKwh + 1e-3);
        // A full battery that wears gives off what no longer fits, by the definition.
        expect(Math.abs(step.takenKwh)).toBeLessThanOrEqual(Math.abs(kWh) + 1e-4);
      }
      expect(net).toBeGreaterThanOrEqual(battery.chargeKwh - 1e-9);
    }),
  );
});
