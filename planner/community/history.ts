import { meritOf, moneyOf, overloadWh, place, type Board } from "./board.ts";
import type { Round } from "./community-result.ts";
import type { Answer } from "./party.ts";

/** A point of a coordination at which all had a plan. */
export interface Point<Plan> {
  answers: readonly Answer<Plan>[];
  /** Beyond limits for which wishes may be touched, and beyond any, Wh. */
  hardWh: number;
  overWh: number;
  /** Wishes that are not met, Wh. */
  missedWh: number;
  /** Money with the price from above and pulls. */
  merit: number;
}

/** What a coordination has seen so far: its rounds, and the best point among them. */
export interface History<Plan> {
  board: Board<Plan>;
  /** Money for each Wh on top of everybody's prices. */
  price: Float64Array | undefined;
  rounds: Round[];
  best: Point<Plan> | undefined;
}

const tinyWh = 1e-3;
/** Less than this is what plans are rounded to, Wh. */
const wishWh = 100;

/** Notes where the board stands after a pass; gives back how many changed in it. */
export function noted<Plan>(history: History<Plan>, phase: Round["phase"], changed: number): number {
  const { board, price, rounds, best } = history;
  const answers = board.answers.filter((answer) => answer !== undefined);
  const missedWh = answers.reduce((sum, answer) => sum + answer.missedWh, 0);
  const point = { answers, hardWh: overloadWh(board, "hard"), overWh: overloadWh(board), missedWh, merit: meritOf(board, price) };
  rounds.push({ phase, changed, overWh: point.overWh, money: moneyOf(board) });
  if (answers.length === board.answers.length && (!best || isBetter(point, best))) history.best = point;
  return changed;
}

/** How much better a point has to be to count. */
export interface Threshold {
  money: number;
  /** Of what is beyond limits for which no wish is touched, Wh. */
  softWh: number;
}

/**
 * Whether a point keeps limits better than another one, or as well with less money, each by more than a threshold. The order is:
 * limits for which wishes may be touched, wishes, the other limits, money.
 */
export function isBetter<Plan>(one: Point<Plan>, than: Point<Plan>, by: Threshold = { money: 0, softWh: 0 }): boolean {
  if (Math.abs(one.hardWh - than.hardWh) > tinyWh) return one.hardWh < than.hardWh;
  if (Math.abs(one.missedWh - than.missedWh) > wishWh) return one.missedWh < than.missedWh;
  if (Math.abs(one.overWh - than.overWh) > tinyWh + by.softWh) return one.overWh < than.overWh;
  return one.merit < than.merit - by.money;
}

/** Puts the board back to a point. */
export function goBack<Plan>(board: Board<Plan>, { answers }: Point<Plan>): void {
  for (const [party, answer] of answers.entries()) place(board, party, answer);
}
