import type { Pull } from "./party.ts";

/**
 * Sharing ADMM (Boyd et al. 2011, section 7.3): parties that know only their own costs find profiles whose sum keeps a limit. Each
 * round every party is told a profile to be pulled towards, and answers the one that it likes best with that pull; this is the
 * arithmetic between the rounds. Energies in Wh a slot, import positive.
 */
export interface Sharing {
  round: number;
  parties: number;
  /** What the sum of all may be. */
  most: Float64Array;
  least: Float64Array;
  /** What each party's mean share shall be, and how far the shares have missed it so far (the scaled multiplier). */
  meanWh: Float64Array;
  missWh: Float64Array;
  /** The pull's strength, money per Wh². */
  penalty: number;
  /** What all paid together in each round. */
  money: number[];
}

/** What a party answers in a round. */
export interface SharingReply {
  netWh: Float64Array;
  money: number;
}

/** Why the rounds end, if they do. */
export type SharingVerdict = "go-on" | "converged" | "out-of-rounds";

/** When to stop. Facts of the field: all three together, for a cost that still falls hides behind residuals that are small. */
export interface SharingRules {
  mostRounds: number;
  /** Share of the limit by which the sum may pass it. */
  overload: number;
  /** How far prices may still move, money per kWh, for each slot (root mean square). */
  pricePerKwh: number;
  /** Share by which the money may have moved over the last `steady` rounds. */
  money: number;
  steady: number;
}

export const usualSharing: SharingRules = { mostRounds: 60, overload: 0.005, pricePerKwh: 1e-3, money: 1e-3, steady: 5 };

/** Over-relaxation, and after how many rounds the penalty is looked at and when it no longer changes. */
const relaxation = 1.6;
const balanceEvery = 5;
const balanceUntil = 40;
/** Residuals that lie further apart than this are brought nearer by a penalty twice or half as strong. */
const unbalanced = 4;

/** The first round: nobody is pulled anywhere. @param penalty money per Wh², such as the price scale over what a party takes in a slot */
export function openSharing(parties: number, limits: { most: Float64Array; least: Float64Array }, penalty: number): Sharing {
  const nothing = limits.most.map(() => 0);
  return { round: 0, parties, ...limits, meanWh: nothing, missWh: nothing, penalty, money: [] };
}

/** Where a party is pulled in the next round. @param lastWh its last reply; undefined in the first round */
export function pullFor(state: Sharing, replies: readonly SharingReply[], lastWh: Float64Array): Pull {
  const mean = meanOf(state, replies);
  return {
    towards: lastWh.map((wh, slot) => wh - at(mean, slot) + at(state.meanWh, slot) - at(state.missWh, slot)),
    pricePerWh2: state.penalty / 2,
  };
}

/** What a Wh more costs for the limit, money per Wh: above nothing where import is short of room, below where export is. */
export function sharedPrice(state: Sharing): Float64Array {
  return state.missWh.map((wh) => wh * state.penalty);
}

/** One round: the replies of all parties make the next state, and say whether another round is worth it. */
export function sharingRound(
  state: Sharing,
  replies: readonly SharingReply[],
  rules: SharingRules = usualSharing,
): { state: Sharing; verdict: SharingVerdict } {
  const { parties, most, least } = state;
  const mean = meanOf(state, replies);
  const relaxed = mean.map((wh, slot) => relaxation * wh + (1 - relaxation) * at(state.meanWh, slot));
  const meanWh = relaxed.map((wh, slot) =>
    Math.max(at(least, slot) / parties, Math.min(at(most, slot) / parties, wh + at(state.missWh, slot))),
  );
  const missWh = relaxed.map((wh, slot) => at(state.missWh, slot) + wh - at(meanWh, slot));
  const money = [...state.money, replies.reduce((sum, reply) => sum + reply.money, 0)];
  const round = state.round + 1;
  const moved = rootMeanSquare(meanWh.map((wh, slot) => (wh - at(state.meanWh, slot)) * state.penalty * 1000));
  const passed = Math.max(
    ...mean.map((wh, slot) => {
      const sum = wh * parties;
      const size = Math.max(1, Math.min(Math.abs(at(most, slot)), Math.abs(at(least, slot))));
      return Math.max(sum - at(most, slot), at(least, slot) - sum, 0) / (Number.isFinite(size) ? size : 1);
    }),
  );
  const before = money.at(-1 - rules.steady);
  const isSteady =
    before !== undefined && Math.abs((money.at(-1) ?? 0) - before) <= rules.money * Math.max(1e-9, Math.abs(before));
  const isDone = passed <= rules.overload && moved <= rules.pricePerKwh && isSteady;
  const next = balanced({ ...state, round, meanWh, missWh, money }, { passed, moved, rules });
  return { state: next, verdict: isDone ? "converged" : round >= rules.mostRounds ? "out-of-rounds" : "go-on" };
}

/** A penalty twice as strong where the limit is missed by more than prices still move, half as strong the other way round. */
function balanced(state: Sharing, { passed, moved, rules }: { passed: number; moved: number; rules: SharingRules }): Sharing {
  if (state.round % balanceEvery !== 0 || state.round > balanceUntil) return state;
  const [limit, price] = [passed / rules.overload, moved / rules.pricePerKwh];
  const factor = limit > unbalanced * price ? 2 : price > unbalanced * limit ? 0.5 : 1;
  return { ...state, penalty: state.penalty * factor, missWh: state.missWh.map((wh) => wh / factor) };
}

function meanOf({ parties, most }: Sharing, replies: readonly SharingReply[]): Float64Array {
  return most.map((_, slot) => replies.reduce((sum, { netWh }) => sum + at(netWh, slot), 0) / Math.max(1, parties));
}

const rootMeanSquare = (values: Float64Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
const at = (values: Float64Array, slot: number): number => values[slot] ?? 0;
