import { tinyWh } from "./board.ts";
import { portfolioParty, type Portfolio, type PortfolioPlan } from "./portfolio-party.ts";
import type { Answer, Ask, Party } from "./party.ts";
import { pullOf, type SharingReply } from "./sharing-round.ts";

/** What a portfolio answers rounds with: one answer of each of its parties. */
export type PortfolioAnswers<Plan> = readonly Answer<Plan>[];

/** What is left for a portfolio in a repair, Wh a slot. Prices in money per Wh. */
export interface RoomLeft {
  most: Float64Array;
  least: Float64Array;
  /** What the room turned out to be worth in the rounds: to begin with. */
  guide: Float64Array;
  /** What each Wh counts on top, so that room is left to others that have yet to fit in. */
  paid: Float64Array;
}

/**
 * Parties that answer the rounds of a grid operator together, such as the homes of an aggregator on one feeder. In a round each is
 * pulled by itself, all by the same shift; the repair coordinates them within what is left, by the code that coordinates homes
 * under an aggregator.
 */
export interface RoundPortfolio<Plan> {
  parties: readonly Party<Plan>[];
  /** The same where in the rounds they may answer what cannot be carried out, such as a relay that is on for half a slot. */
  relaxed?: readonly Party<Plan>[];
  portfolio: Omit<Portfolio<Plan>, "parties">;
}

const askOf = <Plan>(slots: number, from: NoInfer<Plan> | undefined): Ask<Plan> => ({
  price: new Float64Array(slots),
  most: new Float64Array(slots).fill(Infinity),
  least: new Float64Array(slots).fill(-Infinity),
  beyond: 0,
  effort: "usual",
  from,
  keepWithin: 0,
});

/** What the portfolio does if nobody asks anything of it. */
function unasked<Plan>({ parties, portfolio }: RoundPortfolio<Plan>): PortfolioAnswers<Plan> {
  return parties.map((party) => party.answer(askOf<Plan>(portfolio.community.hours.length, undefined)));
}

/**
 * The same within the portfolio's own limits, as its parties are planned anyway: what these alone move is no answer to anybody.
 * Where they cannot be kept with all wishes met, as little beyond them as can be.
 */
export function withinOwnLimits<Plan>(portfolio: RoundPortfolio<Plan>): PortfolioAnswers<Plan> {
  const { hours, feeders } = portfolio.portfolio.community;
  const alone = unasked(portfolio);
  const sumOf = (members: readonly number[], slot: number): number =>
    members.reduce((sum, member) => sum + (alone[member]?.netWh[slot] ?? 0), 0);
  const areKept = feeders.every(({ members, importLimitWh, exportLimitWh }) =>
    hours.every((_, slot) => {
      const wh = sumOf(members, slot);
      return wh <= (importLimitWh[slot] as number) + tinyWh && -wh <= (exportLimitWh[slot] as number) + tinyWh;
    }),
  );
  if (areKept) return alone;
  const slots = hours.length;
  return fittedInto(portfolio, alone, {
    most: new Float64Array(slots).fill(Infinity),
    least: new Float64Array(slots).fill(-Infinity),
    guide: new Float64Array(slots),
    paid: new Float64Array(slots),
  });
}

/** Each party pulled away from its last answer. */
export function pulledBy<Plan>(
  { parties, relaxed, portfolio }: RoundPortfolio<Plan>,
  last: PortfolioAnswers<Plan>,
  { shiftWh, penalty, from = 0 }: { shiftWh: Float64Array; penalty: number; from?: number },
): PortfolioAnswers<Plan> {
  const slots = portfolio.community.hours.length;
  return (relaxed ?? parties).map((party, index) => {
    const before = last[index];
    const pull = pullOf(shiftWh, penalty, before?.netWh ?? new Float64Array(slots), from);
    return party.answer({ ...askOf(slots, before?.plan), pull });
  });
}

/**
 * Plans that can be carried out, within what is left; where that is not enough, as little beyond it as can be, with all wishes
 * kept. Begins with `last`.
 */
export function fittedInto<Plan>(
  { parties, portfolio }: RoundPortfolio<Plan>,
  last: PortfolioAnswers<Plan>,
  { most, least, guide, paid }: RoomLeft,
): PortfolioAnswers<Plan> {
  const slots = portfolio.community.hours.length;
  const own = portfolio.community.feeders.map(() => new Float64Array(slots));
  const from: PortfolioPlan<Plan> = { plans: last.map(({ plan }) => plan), prices: [...own, guide] };
  const { plan } = portfolioParty({ ...portfolio, parties }).answer({
    ...askOf<PortfolioPlan<Plan>>(slots, from),
    price: paid,
    most,
    least,
    beyond: Number.MAX_VALUE,
    effort: "thorough",
  });
  return parties.map((party, index) => party.answer({ ...askOf(slots, plan.plans[index]), effort: "keep" }));
}

/** What a portfolio takes and pays together. */
export function summedUp(slots: number, answers: PortfolioAnswers<unknown>): SharingReply {
  const netWh = new Float64Array(slots);
  let money = 0;
  for (const answer of answers) {
    money += answer.money;
    for (let slot = 0; slot < slots; slot += 1) netWh[slot] = (netWh[slot] as number) + (answer.netWh[slot] as number);
  }
  return { netWh, money };
}
