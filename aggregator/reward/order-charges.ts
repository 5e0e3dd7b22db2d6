import { orderPriceOf } from "../flexibility/flex-orders.ts";
import { daySlots } from "../flexibility/flex-settlements.ts";
import type { KeptOrder } from "../store/flex-order-store.ts";
import type { FrozenCharge } from "../store/reward-store.ts";

/** Under which name prices of orders at a feeder are kept: apart from what its use costs, which no order pays back. */
export const ordersAt = (feeder: string): string => `orders at ${feeder}`;

/** What a kWh is worth more in the slots of an order, for the homes that make room: what the grid operator pays for it. */
export function orderCharges(order: KeptOrder, feeder: string): FrozenCharge[] {
  return daySlots(order).flatMap(({ startMs, endMs }, slot) => {
    const perKwh = orderPriceOf(order, slot);
    return perKwh === 0n ? [] : [{ feeder: ordersAt(feeder), startMs, endMs, perKwh, agreement: order.reference }];
  });
}
