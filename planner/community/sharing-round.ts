import type { Pull } from "./party.ts";
import { leastShifts, shareBeyond, type SharedLimit } from "./shared-limit.ts";

/**
 * Sharing ADMM (Boyd et al. 2011, section 7.3) under the limits of a radial grid: parties that know only their own costs find
 * profiles whose sums keep the limits. Each round every party is told a profile to be pulled towards, and answers the one that it
 * likes best with that pull; this is the arithmetic between the rounds. Parties of one place are a group: only the sum of what they
 * answer is known here, and all of them are pulled alike. Energies in Wh a slot, import positive.
 */
export interface Sharing {
  round: number;
  /** Parties of each group. */
  parties: readonly number[];
  limits: readonly SharedLimit[];
  /** What a group's parties took in the last round on average. */
  tookWh: readonly Float64Array[];
  /** What a group's mean party shall take, and how far it has missed it so far (the scaled multiplier). */
  meanWh: readonly Float64Array[];
  missWh: readonly Float64Array[];
  /** The pull's strength, money per Wh². */
  penalty: number;
  /** What all paid together in each round. */
  money: readonly number[];
}

/** What a group answers in a round: the sum of its parties. */
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

/**
 * Before the first round.
 * @param parties how many each group has
 * @param penalty money per Wh², such as the price scale over what a party takes in a slot
 */
export function openSharing(parties: readonly number[], limits: readonly SharedLimit[], penalty: number): Sharing {
  const slots = limits[0]?.most.length ?? 0;
  const nothing = parties.map(() => new Float64Array(slots));
  return { round: 0, parties, limits, tookWh: nothing, meanWh: nothing, missWh: nothing, penalty, money: [] };
}

/** By how much each party of a group is pulled away from its last answer, Wh; nobody needs to know more of the others. */
export function shiftFor({ tookWh, meanWh, missWh }: Sharing, group: number): Float64Array {
  return at(tookWh, group).map((wh, slot) => at(meanWh, group)[slot]! - at(missWh, group)[slot]! - wh);
}

/**
 * Where a party is pulled that answered `lastWh`, with the shift of its group.
 * @param penalty of the sharing
 * @param from slots before this one are none of the sharing's
 */
export function pullOf(shift: Float64Array, penalty: number, lastWh: Float64Array, from = 0): Pull {
  return { towards: lastWh.map((wh, slot) => wh + (shift[slot] as number)), pricePerWh2: penalty / 2, from };
}

/** What a Wh more of a group costs for the limits, money per Wh: above nothing where import is short of room, below where export is. */
export function sharedPrice({ missWh, penalty }: Sharing, group: number): Float64Array {
  return at(missWh, group).map((wh) => wh * penalty);
}

/** One round: the replies of all groups make the next state, and say whether another round is worth it. */
export function sharingRound(
  state: Sharing,
  replies: readonly SharingReply[],
  rules: SharingRules = usualSharing,
): { state: Sharing; verdict: SharingVerdict } {
  const { parties, limits, penalty } = state;
  const tookWh = parties.map((count, group) =>
    (replies[group]?.netWh ?? at(state.tookWh, group)).map((wh) => wh / Math.max(1, count)),
  );
  // Nothing was meant before the first round.
  const relaxed = tookWh.map((took, group) =>
    state.round === 0 ? took : took.map((wh, slot) => relaxation * wh + (1 - relaxation) * at(state.meanWh, group)[slot]!),
  );
  const meanWh = relaxed.map((wh) => new Float64Array(wh.length));
  const missWh = relaxed.map((wh) => new Float64Array(wh.length));
  const slots = limits[0]?.most.length ?? 0;
  for (let slot = 0; slot < slots; slot += 1) {
    const wants = parties.map((count, group) => ({
      parties: count,
      meanWh: at(relaxed, group)[slot]! + at(state.missWh, group)[slot]!,
    }));
    for (const [group, shift] of leastShifts(limits, wants, slot).entries()) {
      at(meanWh, group)[slot] = wants[group]!.meanWh - shift;
      at(missWh, group)[slot] = shift;
    }
  }
  const money = [...state.money, replies.reduce((sum, reply) => sum + reply.money, 0)];
  const round = state.round + 1;
  const moved =
    Math.sqrt(movedSquares(state, meanWh) / Math.max(1, parties.reduce((sum, count) => sum + count, 0) * slots)) * penalty * 1000;
  const passed = shareBeyond(
    limits,
    replies.map(({ netWh }) => netWh),
  );
  const before = money.at(-1 - rules.steady);
  const isSteady =
    before !== undefined && Math.abs((money.at(-1) ?? 0) - before) <= rules.money * Math.max(1e-9, Math.abs(before));
  const isDone = passed <= rules.overload && moved <= rules.pricePerKwh && isSteady;
  const next = balanced({ ...state, round, tookWh, meanWh, missWh, money }, { passed, moved, rules });
  return { state: next, verdict: isDone ? "converged" : round >= rules.mostRounds ? "out-of-rounds" : "go-on" };
}

/** Squares of how far what is meant has moved, over all parties and slots, Wh². */
function movedSquares(before: Sharing, meanWh: readonly Float64Array[]): number {
  let sum = 0;
  for (const [group, mean] of meanWh.entries())
    for (const [slot, wh] of mean.entries()) sum += before.parties[group]! * (wh - at(before.meanWh, group)[slot]!) ** 2;
  return sum;
}

/** A penalty twice as strong where the limit is missed by more than prices still move, half as strong the other way round. */
function balanced(state: Sharing, { passed, moved, rules }: { passed: number; moved: number; rules: SharingRules }): Sharing {
  if (state.round % balanceEvery !== 0 || state.round > balanceUntil) return state;
  const [limit, price] = [passed / rules.overload, moved / rules.pricePerKwh];
  const factor = limit > unbalanced * price ? 2 : price > unbalanced * limit ? 0.5 : 1;
  if (factor === 1) return state;
  return { ...state, penalty: state.penalty * factor, missWh: state.missWh.map((miss) => miss.map((wh) => wh / factor)) };
}

const at = (values: readonly Float64Array[], group: number): Float64Array => values[group] as Float64Array;
