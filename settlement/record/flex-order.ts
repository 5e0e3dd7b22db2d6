import { iso } from "../../core/clock/clock.ts";
import type { OrderEvidence } from "../../core/message/settlement-message.ts";
import type { Slot } from "../../core/slots.ts";
import { divideHalfEven, moneyMicro } from "../../core/units.ts";
import { settleFlex } from "./one-sided-penalty.ts";

/** What was ordered of an aggregator at one place of the grid (UFTP FlexOrder). */
export interface OrderedSchedule {
  offer: string;
  powerW: readonly number[];
  /** For all of it, micro-units. */
  price: bigint;
  /** 1 where less was asked for, -1 where more, 0 where the slot only changes with the others. */
  asked: readonly number[];
}

/** One slot of a settlement (UFTP FlexOrderSettlement ISP), Wh; what is taken from the grid is positive. */
export interface SettledSlot {
  slot: number;
  baselineWh: number;
  /** So much less was ordered; negative: so much more. */
  orderedWh: number;
  meteredWh: number;
  deliveredWh: number;
  deficiencyWh: number;
}

/** What an order comes to (UFTP FlexOrderSettlement). */
export interface OrderSettlement {
  offer: string;
  /** Slots in which something was asked for. */
  slots: SettledSlot[];
  /** For what was delivered, and taken for what was missing, micro-units. */
  price: bigint;
  penalty: bigint;
  /** Price less penalty: owed to the aggregator; below 0 by it. */
  netMicro: bigint;
}

/**
 * Settles an order by what was metered: of the price as much as was delivered of all that was asked for, less a penalty for what
 * was missing (UFTP, one-sided). Nothing is owed for slots that only change with the others.
 * @param baselineW the prognosis without the order
 * @param penalty micro-units per kWh
 */
export function settleOrder(
  { offer, powerW, price, asked }: OrderedSchedule,
  {
    baselineW,
    meteredWh,
    hours,
    penalty,
  }: { baselineW: readonly number[]; meteredWh: readonly number[]; hours: number; penalty: bigint },
): OrderSettlement {
  const slots = asked.flatMap((direction, slot): SettledSlot[] => {
    const baselineWh = Math.round((baselineW[slot] ?? 0) * hours);
    const orderedWh = baselineWh - Math.round((powerW[slot] ?? 0) * hours);
    if (direction === 0 || orderedWh * direction <= 0) return [];
    const metered = meteredWh[slot] ?? 0;
    const { deliveredWh, deficiencyWh } = settleFlex({ baselineWh, orderedWh, meteredWh: metered }, { price: 0n, penalty: 0n });
    return [{ slot, baselineWh, orderedWh, meteredWh: metered, deliveredWh, deficiencyWh }];
  });
  return { offer, slots, ...orderMoney(slots, price, penalty) };
}

/**
 * What the slots of an order come to.
 * @param price for all that was ordered
 * @param penaltyPerKwh for what is missing
 */
export function orderMoney(
  slots: readonly Pick<SettledSlot, "orderedWh" | "deliveredWh" | "deficiencyWh">[],
  price: bigint,
  penaltyPerKwh: bigint,
): Pick<OrderSettlement, "price" | "penalty" | "netMicro"> {
  const sum = (of: (slot: (typeof slots)[number]) => number): bigint => BigInt(slots.reduce((wh, slot) => wh + of(slot), 0));
  const ordered = sum(({ orderedWh }) => Math.abs(orderedWh));
  const paid = ordered === 0n ? 0n : divideHalfEven(price * sum(({ deliveredWh }) => deliveredWh), ordered);
  const taken = moneyMicro(slots.map(({ deficiencyWh }) => ({ wh: deficiencyWh, microPerKwh: penaltyPerKwh })));
  return { price: paid, penalty: taken, netMicro: paid - taken };
}

/** A settled order as evidence: the same for both sides where their figures are the same. @param day slots of its local day */
export function orderEvidence(
  order: OrderedSchedule & { point: string; penaltyPerKwh: bigint },
  { slots }: Pick<OrderSettlement, "slots">,
  day: readonly Slot[],
): OrderEvidence {
  return {
    reference: order.offer,
    point: order.point,
    price: String(order.price),
    penaltyPerKwh: String(order.penaltyPerKwh),
    slots: slots.map(({ slot, baselineWh, orderedWh, meteredWh }) => ({
      start: iso(day[slot]?.startMs ?? 0),
      end: iso(day[slot]?.endMs ?? 0),
      baselineWh: baselineWh + 0,
      orderedWh: orderedWh + 0,
      meteredWh: meteredWh + 0,
    })),
  };
}
