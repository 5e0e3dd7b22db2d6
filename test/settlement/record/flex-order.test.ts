import { expect, it } from "vitest";
import { settleOrder } from "../../../settlement/record/flex-order.ts";

/** UFTP, settle phase: baseline 10 MW, 2 MW ordered, 7 EUR a MW, penalty 11. */
const order = { offer: "o", share: 1_000_000, powerW: [8_000_000, 12_000_000], price: 14_000_000n, asked: [1, 0] };
const settled = (first: number, hours = 1) =>
  settleOrder(order, { baselineW: [10_000_000, 10_000_000], meteredWh: [first * hours, 0], hours, penalty: 11_000n });

it.each([
  [7_000_000, 14_000_000n],
  [8_000_000, 14_000_000n],
  [9_000_000, -4_000_000n],
  [10_000_000, -22_000_000n],
  [11_000_000, -33_000_000n],
])("metered %d Wh of an order of 8,000,000: net %s", (meteredWh, net) => expect(settled(meteredWh).netMicro).toBe(net));

it("pays nothing for slots that only change with the others, and takes nothing for them", () => {
  expect(settled(8_000_000).slots.map(({ slot }) => slot)).toEqual([0]);
  expect(settled(8_000_000)).toMatchObject({ price: 14_000_000n, penalty: 0n });
});

it("pays a part of the price for a part of what was ordered, over all its slots", () => {
  const two = { ...order, powerW: [8000, 9000], price: 300_001n, asked: [1, 1] };
  const { price, penalty } = settleOrder(two, { baselineW: [10_000, 10_000], meteredWh: [2250, 2000], hours: 0.25, penalty: 0n });
  // 250 of 500 Wh in the first slot, all 250 in the second.
  expect(price).toBe(200_001n);
  expect(penalty).toBe(0n);
});
