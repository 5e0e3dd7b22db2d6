import { moneyMicro } from "../../core/units.ts";

/** What was ordered of a flexibility in one slot and what the meter says; Wh, taken from the grid is positive. */
export interface OrderedFlex {
  /** Agreed forecast without the order. */
  baselineWh: number;
  /** So much less is to be taken; negative: so much more. */
  orderedWh: number;
  meteredWh: number;
}

/** Prices of an order, micro-units per kWh. */
export interface FlexPrices {
  /** Paid for what was delivered. */
  price: bigint;
  /** Taken for what is missing. */
  penalty: bigint;
}

/** Delivered and missing energy are 0 or more, in the direction of the order. */
export interface FlexSettled {
  deliveredWh: number;
  deficiencyWh: number;
  /** Owed to whoever delivers, micro-units; negative: the penalty is larger. */
  payMicro: bigint;
}

/**
 * Settles an order by one slot: paid is what was delivered of it, and nothing for more; a penalty is taken for what is missing,
 * also where the meter went beyond the baseline in the wrong direction. Price and penalty are rounded half-even once, together.
 * @see UFTP (shapeshifter-specification), settle phase: one-sided penalty
 */
export function settleFlex({ baselineWh, orderedWh, meteredWh }: OrderedFlex, { price, penalty }: FlexPrices): FlexSettled {
  const direction = orderedWh < 0 ? -1 : 1;
  const wantedWh = orderedWh * direction;
  const reducedWh = (baselineWh - meteredWh) * direction;
  const deliveredWh = Math.min(wantedWh, Math.max(0, reducedWh));
  const deficiencyWh = wantedWh === 0 ? 0 : Math.max(0, wantedWh - reducedWh);
  return {
    deliveredWh,
    deficiencyWh,
    payMicro: moneyMicro([
      { wh: deliveredWh, microPerKwh: price },
      { wh: deficiencyWh, microPerKwh: -penalty },
    ]),
  };
}
