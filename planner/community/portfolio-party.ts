import { answerHere } from "./answer-here.ts";
import type { Feeder } from "./board.ts";
import { coordinate, type Community, type TimeLimit } from "./coordinate.ts";
import type { Answer, Ask, Party } from "./party.ts";

/** Parties that answer together, such as the homes of one aggregator, under limits of their own. */
export interface Portfolio<Plan> {
  community: Omit<Community<Plan>, "start" | "price">;
  parties: readonly Party<Plan>[];
  /** How long one answer may take, ms on a clock that never jumps. */
  nowMs: () => number;
  mostMs: number;
}

/** What a portfolio remembers of an answer. */
export interface PortfolioPlan<Plan> {
  plans: Plan[];
  prices: Float64Array[];
}

/**
 * A portfolio as a party: asked from above, it coordinates its own parties under those prices and that headroom, as one more limit
 * that they all hang on. Its own limits are kept as ever; wishes are touched for the headroom only where it is firm.
 */
export function portfolioParty<Plan>({ community, parties, nowMs, mostMs }: Portfolio<Plan>): Party<PortfolioPlan<Plan>> {
  return {
    answer(ask) {
      if (ask.effort === "keep") return looked(parties, ask);
      const above: Feeder = {
        name: "headroom",
        importLimitWh: ask.most,
        exportLimitWh: ask.least.map((wh) => -wh),
        members: parties.map((_, index) => index),
        soft: ask.beyond !== "firm",
        ...(ask.pull && { pull: ask.pull }),
      };
      const limit: TimeLimit = { nowMs, untilMs: nowMs() + mostMs };
      const before = looked(parties, ask);
      const result = answerHere(
        coordinate(
          {
            ...community,
            feeders: [...community.feeders, above],
            price: ask.price,
            ...(ask.from && { start: ask.from }),
          },
          limit,
        ),
        parties,
      );
      if (result.keptAll && ask.from) return before;
      return summed(result.answers, { plans: result.answers.map(({ plan }) => plan), prices: result.prices }, false);
    },
  };
}

/** What its parties' plans come to, without a new one. */
function looked<Plan>(parties: readonly Party<Plan>[], ask: Ask<PortfolioPlan<Plan>>): Answer<PortfolioPlan<Plan>> {
  const answers = parties.map((party, index) => party.answer({ ...ask, effort: "keep", from: ask.from?.plans[index] }));
  const from = answers.every(({ kept }) => kept) ? ask.from : undefined;
  return summed(answers, from ?? { plans: answers.map(({ plan }) => plan), prices: ask.from?.prices ?? [] }, from !== undefined);
}

function summed<Plan>(answers: readonly Answer<Plan>[], plan: PortfolioPlan<Plan>, kept: boolean): Answer<PortfolioPlan<Plan>> {
  const netWh = new Float64Array(answers[0]?.netWh.length ?? 0);
  let [money, missedWh, heldBackWh] = [0, 0, 0];
  for (const answer of answers) {
    for (let slot = 0; slot < netWh.length; slot += 1) netWh[slot] = (netWh[slot] as number) + (answer.netWh[slot] as number);
    money += answer.money;
    missedWh += answer.missedWh;
    heldBackWh += answer.heldBackWh;
  }
  return { plan, kept, netWh, money, missedWh, heldBackWh };
}
