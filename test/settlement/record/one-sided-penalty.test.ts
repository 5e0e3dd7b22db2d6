import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { settleFlex } from "../../../settlement/record/one-sided-penalty.ts";

const file = join(import.meta.dirname, "../../../../shared/cases/uftp-settlement-example.json");

it.runIf(existsSync(file))("settles the example of the UFTP specification", () => {
  const { inputs, expected } = JSON.parse(readFileSync(file, "utf8")) as {
    inputs: Record<"baseline_mw" | "ordered_flex_mw" | "flex_price_eur_per_mw" | "penalty_eur_per_mw", number> & {
      allocation_mw: number[];
    };
    expected: Record<"delivered_flex_mw" | "deficiency_mw" | "settlement_eur", number[]>;
  };
  // MW for one slot as kWh, EUR per MW as EUR per kWh.
  const prices = {
    price: BigInt(inputs.flex_price_eur_per_mw * 1e6),
    penalty: BigInt(inputs.penalty_eur_per_mw * 1e6),
  };
  const settled = inputs.allocation_mw.map((allocation) =>
    settleFlex(
      { baselineWh: inputs.baseline_mw * 1000, orderedWh: inputs.ordered_flex_mw * 1000, meteredWh: allocation * 1000 },
      prices,
    ),
  );
  expect(settled.map(({ deliveredWh }) => deliveredWh / 1000)).toEqual(expected.delivered_flex_mw);
  expect(settled.map(({ deficiencyWh }) => deficiencyWh / 1000)).toEqual(expected.deficiency_mw);
  expect(settled.map(({ payMicro }) => Number(payMicro) / 1e6)).toEqual(expected.settlement_eur);
});

it("counts an order to take more in its own direction", () => {
  const prices = { price: 7000n, penalty: 11_000n };
  const order = { baselineWh: 10_000, orderedWh: -2000 };
  expect(settleFlex({ ...order, meteredWh: 13_000 }, prices)).toEqual({ deliveredWh: 2000, deficiencyWh: 0, payMicro: 14_000n });
  expect(settleFlex({ ...order, meteredWh: 9000 }, prices)).toEqual({ deliveredWh: 0, deficiencyWh: 3000, payMicro: -33_000n });
});

it("never pays for more than was ordered, and asks nothing where nothing was ordered", () => {
  const wh = fc.integer({ min: -20_000, max: 20_000 });
  fc.assert(
    fc.property(wh, wh, wh, (baselineWh, orderedWh, meteredWh) => {
      const prices = { price: 50_000n, penalty: 80_000n };
      const { deliveredWh, deficiencyWh } = settleFlex({ baselineWh, orderedWh, meteredWh }, prices);
      expect(deliveredWh).toBeGreaterThanOrEqual(0);
      expect(deliveredWh).toBeLessThanOrEqual(Math.abs(orderedWh));
      expect(deficiencyWh).toBeGreaterThanOrEqual(Math.abs(orderedWh) - deliveredWh);
      if (orderedWh === 0) expect(deficiencyWh).toBe(0);
    }),
  );
});
