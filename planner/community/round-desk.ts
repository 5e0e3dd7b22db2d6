import {
  fittedInto,
  pulledBy,
  summedUp,
  withinOwnLimits,
  type PortfolioAnswers,
  type RoundPortfolio,
} from "./round-portfolio.ts";

/** A schedule that a desk offers, whole W a slot, and what it asks for it. */
export interface DeskOffer<Plan> {
  powerW: number[];
  /** Micro-units for leaving the prognosis, never below 0. */
  price: bigint;
  /** False where it could not be carried out as it is. */
  whole: boolean;
  answers: PortfolioAnswers<Plan>;
}

/** What stands first: what the portfolio does if nobody asks, and what that costs, micro-units. */
export interface DeskPrognosis {
  powerW: number[];
  parties: number;
  cost: bigint;
}

/** An aggregator's side of the rounds at one place of the grid. */
export interface RoundDesk<Plan> {
  prognosis(): DeskPrognosis;
  /** The answer to a round; begins with the last answer. */
  answer(round: { shiftWh: Float64Array; penalty: number }): DeskOffer<Plan>;
  /** The answer to a repair: what can be carried out within what is left, W a slot; Infinity where nothing limits it. */
  fit(room: { mostW: ArrayLike<number>; leastW: ArrayLike<number>; guide: Float64Array; paid: Float64Array }): DeskOffer<Plan>;
}

const microPerUnit = 1e6;

/** Slots of a portfolio that an operator is told of: those before are planned with them, and are nobody else's affair. */
export interface ToldSlots {
  from: number;
  count: number;
}

/**
 * Answers rounds with a portfolio. What it asks for is what the change costs its homes by their own prices, and a margin on top,
 * and not less than the least price.
 * @param hours length of a slot
 * @param margin share of the cost, such as 0.1
 * @param options.leastPerKwh micro-units for each kWh that is moved out of a slot
 * @param options.told left out, all slots
 */
export function roundDesk<Plan>(
  portfolio: RoundPortfolio<Plan>,
  hours: number,
  margin: number,
  options: { leastPerKwh?: bigint; told?: ToldSlots } = {},
): RoundDesk<Plan> {
  const slots = portfolio.portfolio.community.hours.length;
  const { from, count } = options.told ?? { from: 0, count: slots };
  const first = withinOwnLimits(portfolio);
  const start = summedUp(slots, first);
  let last: PortfolioAnswers<Plan> = first;
  const watts = (netWh: Float64Array): number[] =>
    Array.from(netWh.subarray(from, from + count), (wh) => Math.round(wh / hours) + 0);
  const before = watts(start.netWh);
  /** Figures of the told slots in the place of all; outside of them one that says nothing. */
  const placed = (figures: ArrayLike<number>, elsewhere: number, factor = 1): Float64Array =>
    Float64Array.from({ length: slots }, (_, slot) =>
      slot < from || slot >= from + count ? elsewhere : (figures[slot - from] ?? elsewhere) * factor,
    );
  const offer = (answers: PortfolioAnswers<Plan>, whole: boolean): DeskOffer<Plan> => {
    last = answers;
    const { netWh, money } = summedUp(slots, answers);
    const powerW = watts(netWh);
    const cost = BigInt(Math.ceil(Math.max(0, (money - start.money) * (1 + margin)) * microPerUnit));
    const movedWh = powerW.reduce((sum, one, slot) => sum + Math.max(0, (before[slot] ?? one) - one), 0) * hours;
    const least = ((options.leastPerKwh ?? 0n) * BigInt(Math.round(movedWh)) + 999n) / 1000n;
    return { powerW, price: cost > least ? cost : least, whole, answers };
  };
  return {
    prognosis: () => ({
      powerW: before,
      parties: portfolio.parties.length,
      cost: BigInt(Math.round(start.money * microPerUnit)),
    }),
    answer: ({ shiftWh, penalty }) =>
      offer(pulledBy(portfolio, last, { shiftWh: placed(shiftWh, 0), penalty, from }), portfolio.relaxed === undefined),
    fit: ({ mostW, leastW, guide, paid }) =>
      offer(
        fittedInto(portfolio, last, {
          most: placed(mostW, Infinity, hours),
          least: placed(leastW, -Infinity, hours),
          guide: placed(guide, 0),
          paid: placed(paid, 0),
        }),
        true,
      ),
  };
}
