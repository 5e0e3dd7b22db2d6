import { fittedInto, pulledBy, summedUp, unasked, type PortfolioAnswers, type RoundPortfolio } from "./round-portfolio.ts";

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

/**
 * Answers rounds with a portfolio. What it asks for is what the change costs its homes by their own prices, and a margin on top.
 * @param hours length of a slot
 * @param margin share of the cost, such as 0.1
 */
export function roundDesk<Plan>(portfolio: RoundPortfolio<Plan>, hours: number, margin: number): RoundDesk<Plan> {
  const slots = portfolio.portfolio.community.hours.length;
  const first = unasked(portfolio);
  const start = summedUp(slots, first);
  let last: PortfolioAnswers<Plan> = first;
  const watts = (netWh: Float64Array): number[] => Array.from(netWh, (wh) => Math.round(wh / hours) + 0);
  const offer = (answers: PortfolioAnswers<Plan>, whole: boolean): DeskOffer<Plan> => {
    last = answers;
    const { netWh, money } = summedUp(slots, answers);
    const price = BigInt(Math.ceil(Math.max(0, (money - start.money) * (1 + margin)) * microPerUnit));
    return { powerW: watts(netWh), price, whole, answers };
  };
  return {
    prognosis: () => ({
      powerW: watts(start.netWh),
      parties: portfolio.parties.length,
      cost: BigInt(Math.round(start.money * microPerUnit)),
    }),
    answer: (round) => offer(pulledBy(portfolio, last, round), portfolio.relaxed === undefined),
    fit: ({ mostW, leastW, guide, paid }) => {
      const wh = (power: ArrayLike<number>): Float64Array => Float64Array.from(power, (one) => one * hours);
      return offer(fittedInto(portfolio, last, { most: wh(mostW), least: wh(leastW), guide, paid }), true);
    },
  };
}
