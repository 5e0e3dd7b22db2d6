import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planStreet, street, togetherW, type Street } from "./street.ts";

const folder = join(import.meta.dirname, "../../../../shared/cases");
/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-call, typescript/no-unsafe-argument, typescript/no-unsafe-return -- the cases are read as they are */
const read = (file: string): any => JSON.parse(readFileSync(join(folder, file), "utf8"));

/** A home with one load: any power up to its most, or all of it, in the slots in which it may run; its fuse lets nothing pass in the others. */
const load = (prices: readonly number[], one: { kwh: number; kw: number; slots: readonly number[]; onOff: boolean }): object => ({
  slot_minutes: 60,
  import_price_per_kwh: prices,
  grid: { import_limit_w: prices.map((_, slot) => (one.slots.includes(slot) ? one.kw * 1000 : 0)) },
  appliances: [{ type: "deferrable", name: "load", energy_wh: one.kwh * 1000, power_w: one.kw * 1000, on_off: one.onOff }],
});
const peakOf = (one: Street): [number, ReturnType<typeof planStreet>] => {
  const result = planStreet(one);
  return [Math.max(...togetherW(one, result)), result];
};

describe.runIf(existsSync(join(folder, "l3-congestion-3ev-lp.json")))("the shared cases of congestion", () => {
  it("three cars come within 1 % of the central optimum under the limit", () => {
    const { inputs, expected } = read("l3-congestion-3ev-lp.json");
    const loads = inputs.evs.map((ev: any) => load(inputs.price_eur_per_kwh, { ...ev, onOff: false }));
    const [peakW, result] = peakOf(street(loads, { importW: inputs.flex_limit_kw * 1000 }));
    expect(peakW).toBeLessThanOrEqual(inputs.flex_limit_kw * 1000 + 0.01);
    expect(result.status).toBe("kept");
    expect(Math.abs(result.money - expected.central_cost_eur)).toBeLessThanOrEqual(0.01 * expected.central_cost_eur);
  });

  const rows: any[] = existsSync(folder) ? read("l3-congestion-onoff.json").expected.rows : [];
  it.each(rows.map((row): [number, any] => [row.flex_limit_kw, row]))(
    "relays under %d kW: within 5 percent of the optimum, or a named shortfall",
    (kw, row) => {
      const { inputs } = read("l3-congestion-onoff.json");
      const loads = inputs.heaters.map((heater: any) =>
        load(inputs.price_eur_per_kwh, { kwh: heater.kw * heater.n, kw: heater.kw, slots: heater.slots, onOff: true }),
      );
      const [peakW, result] = peakOf(street(loads, { importW: kw * 1000 }));
      expect(peakW).toBeLessThanOrEqual(kw * 1000 + 0.01);
      if (row.milp_cost_eur === null) {
        expect(result.status).toBe("shortfall");
        expect(result.curtailed.length).toBeGreaterThan(0);
      } else {
        expect(result.status).toBe("kept");
        expect(result.money).toBeLessThanOrEqual(row.milp_cost_eur * 1.05 + 1e-9);
      }
    },
  );
});
