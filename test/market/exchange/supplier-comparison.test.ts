import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearAuction } from "../../../market/exchange/call-auction.ts";
import { deviations } from "../../../market/exchange/deviation.ts";
import { pathFees } from "../../../market/exchange/path-fees.ts";
import { compareWithSupplier } from "../../../market/exchange/supplier-comparison.ts";
import { books } from "./books.ts";

describe("with the exchange and without", () => {
  it("nobody whose limits are the supplier's prices or better is worse off, and all together gain what the exchange saves", () => {
    const tariff = { import: 300_000n, export: 50_000n };
    fc.assert(
      fc.property(books(6, ["z"]), fc.nat(20_000), (drawn, fee) => {
        const orders = drawn.map((order) => {
          const worst = order.side === "buy" ? tariff.import : tariff.export;
          const better = order.side === "buy" ? order.limit < worst : order.limit > worst;
          return better ? order : { ...order, limit: worst };
        });
        const clearing = clearAuction(orders, pathFees(BigInt(fee)));
        const compared = compareWithSupplier(orders, clearing, tariff);
        let gain = 0n;
        for (const { withMicro, withoutMicro } of compared) {
          // Each trade and each rest is rounded for itself.
          expect(Number(withMicro - withoutMicro)).toBeGreaterThanOrEqual(-3 * drawn.length);
          gain += withMicro - withoutMicro;
        }
        const saved = BigInt(clearing.volumeWh) * (tariff.import - tariff.export - BigInt(fee));
        expect(Math.abs(Number(gain * 1000n - saved))).toBeLessThanOrEqual(3000 * (drawn.length + 1));
      }),
    );
  });
});

it("what is traded and not done is settled at the balancing price of its direction", () => {
  const prices = { short: 400_000n, long: 20_000n };
  const house = { participant: "a", soldWh: 0, boughtWh: 0, meteredImportWh: 0, meteredExportWh: 0 };
  const owed = (change: Partial<typeof house>) => deviations([{ ...house, ...change }], prices)[0];
  expect(owed({ soldWh: 1000, meteredExportWh: 700 })).toMatchObject({ wh: 300, owesMicro: 120_000n });
  expect(owed({ soldWh: 1000, meteredExportWh: 1200 })).toMatchObject({ wh: -200, owesMicro: -4000n });
  expect(owed({ boughtWh: 500, meteredImportWh: 500 })).toMatchObject({ wh: 0, owesMicro: 0n });
});
