import { checkedAnswer, fits, place, pricedMoney, type Board } from "./board.ts";
import { learn, priceOn, type PriceRule } from "./line-prices.ts";
import type { Answer, Ask, Effort, Pull } from "./party.ts";

/** Asks that may be answered side by side, in any order. */
export interface Batch<Plan> {
  parties: readonly number[];
  asks: readonly Ask<Plan>[];
}

/** Steps of a coordination: yields what is to be asked, takes the answers in the same order. */
export type Coordination<Plan, Result> = Generator<Batch<Plan>, Result, readonly Answer<Plan>[]>;

/** What all passes over the parties share. */
export interface PassRoom<Plan> {
  board: Board<Plan>;
  rule: PriceRule;
  keepWithin: number;
  /** Money for each Wh on top of everybody's prices: what a portfolio is asked from above. */
  price: Float64Array | undefined;
  /** Plans to begin with, of parties that have not answered. */
  start: readonly (Plan | undefined)[];
  /** True when time is up: the pass ends where it is. */
  isOver: () => boolean;
}

/** Most parties that are asked side by side. More would all take the same room. */
const mostAtOnce = 8;
/** Of so many parties one is asked at a time. */
const partiesEach = 50;

/** How many parties are asked side by side: by their number alone, so that a plan does not depend on the machine. */
export const sideBySide = (parties: number): number => Math.max(1, Math.min(mostAtOnce, Math.round(parties / partiesEach)));

/** Asks each party once, in the order given; returns how many changed their plan. */
function* pass<Plan>(
  room: PassRoom<Plan>,
  order: readonly number[],
  askOf: (party: number, together: number) => Ask<Plan>,
  take: (party: number, answer: Answer<Plan>) => boolean,
  after: (asked: readonly number[]) => void = () => undefined,
): Coordination<Plan, number> {
  const { board } = room;
  const size = sideBySide(board.answers.length);
  let changed = 0;
  for (let at = 0; at < order.length && !room.isOver(); at += size) {
    const parties = order.slice(at, at + size);
    const asks = parties.map((party) => askOf(party, parties.length));
    const answers = yield { parties, asks };
    for (const [index, party] of parties.entries()) {
      const [answer, from] = [checkedAnswer(board, party, answers[index]), asks[index]?.from];
      if (!take(party, answer)) continue;
      if (!answer.kept) changed += 1;
      // The same object again, also from a party that answers from afar.
      place(board, party, answer.kept && from !== undefined ? { ...answer, plan: from } : answer);
    }
    after(parties);
  }
  return changed;
}

/** Looks at the plans that are there, or at doing nothing, without planning: all parties have an answer then. */
export function* lookPass<Plan>(room: PassRoom<Plan>, order: readonly number[]): Coordination<Plan, number> {
  const endless = { ...room, isOver: () => false };
  return yield* pass(
    endless,
    order,
    (party) => askFor(room, party, "keep"),
    () => true,
  );
}

/**
 * Goes back to the plans of the last time wherever the limits have room for them and the new ones are not better by more than
 * the threshold: who need not change does not. Returns how many went back.
 */
export function* returnPass<Plan>(room: PassRoom<Plan>, order: readonly number[]): Coordination<Plan, number> {
  const { board, start, keepWithin, price } = room;
  const changed = order.filter((party) => start[party] !== undefined && board.answers[party]?.plan !== start[party]);
  return yield* pass(
    room,
    changed,
    (party) => ({ ...askFor(room, party, "keep"), from: start[party] }),
    (party, answer) => {
      const now = board.answers[party];
      return fits(board, party, answer) && (!now || pricedMoney(answer, price) <= pricedMoney(now, price) + keepWithin);
    },
  );
}

/** Less than this is what plans are rounded to, Wh. */
const wishWh = 100;

/**
 * How many of the parties whose wishes miss something would miss less of them if there were no limits. Nothing changes.
 */
export function* crampedPass<Plan>(room: PassRoom<Plan>): Coordination<Plan, number> {
  const { answers } = room.board;
  const missing = [...answers.keys()].filter((party) => (answers[party]?.missedWh ?? 0) > wishWh);
  let cramped = 0;
  yield* pass(
    room,
    missing,
    (party) => askFor(room, party, "quick"),
    (party, answer) => {
      if (answer.missedWh < (answers[party]?.missedWh ?? 0) - wishWh) cramped += 1;
      return false;
    },
  );
  return cramped;
}

/** Prices without limits: each party answers what the lines cost now, and the prices learn from it at once. */
export function* searchPass<Plan>(room: PassRoom<Plan>, order: readonly number[], effort: Effort): Coordination<Plan, number> {
  const { board, rule } = room;
  /** Too few answers say nothing about the others. */
  const enough = (line: Board<Plan>["lines"][number]): boolean =>
    line.answered >= Math.min(line.feeder.members.length, 3 * sideBySide(board.answers.length));
  return yield* pass(
    room,
    order,
    (party) => {
      const ask = askFor(room, party, effort);
      for (const line of board.linesOf[party] ?? [])
        for (let slot = 0; slot < board.slots; slot += 1)
          ask.price[slot] =
            (ask.price[slot] as number) + (enough(line) ? priceOn(line, slot, rule) : (line.price[slot] as number));
      return ask;
    },
    () => true,
    (asked) => {
      for (const line of board.lines) if (enough(line)) learn(line, rule, asked.length / Math.max(1, board.answers.length));
    },
  );
}

/** How a pass within the limits asks. */
export interface FitOptions {
  effort: Effort;
  /** Share of the learned prices that the parties see: 1 leaves room to those who need it most, 0 takes what is left over. */
  guide: number;
  /** Limits stand above wishes. */
  firm: boolean;
  /** The highest net that a party may have in a slot, where the limits leave less than it has; undefined: what they leave. */
  fairMost?: (party: number, slot: number) => number;
}

/** Within the limits: no party may take more than what is left, and no answer is taken that overloads a line further. */
export function* fitPass<Plan>(room: PassRoom<Plan>, order: readonly number[], options: FitOptions): Coordination<Plan, number> {
  const { board, rule } = room;
  const { effort, guide, firm } = options;
  return yield* pass(
    room,
    order,
    (party, together) => {
      const ask = askFor(room, party, effort);
      ask.beyond = firm ? "firm" : rule.highest * rule.scale;
      const own = board.answers[party];
      for (const line of board.linesOf[party] ?? [])
        for (let slot = 0; slot < board.slots; slot += 1) {
          const { feeder, total, price } = line;
          const [mine, all] = [own ? (own.netWh[slot] as number) : 0, total[slot] as number];
          ask.price[slot] = (ask.price[slot] as number) + guide * (price[slot] as number);
          if (firm && feeder.soft) continue;
          const up = (feeder.importLimitWh[slot] as number) - all;
          const down = (feeder.exportLimitWh[slot] as number) + all;
          // Those who are asked together share what is left, so that they do not all take it.
          let most = mine + up / together;
          if (up < 0 && options.fairMost) most = Math.max(mine + up, Math.min(mine, options.fairMost(party, slot)));
          ask.most[slot] = Math.min(ask.most[slot] as number, most);
          ask.least[slot] = Math.max(ask.least[slot] as number, mine - down / together);
        }
      return ask;
    },
    // A limit that touches no wish keeps nobody from meeting one.
    (party, answer) =>
      fits(board, party, answer) ||
      (answer.missedWh < (board.answers[party]?.missedWh ?? 0) && fits(board, party, answer, "hard")),
  );
}

function askFor<Plan>(room: PassRoom<Plan>, party: number, effort: Effort): Ask<Plan> {
  const { board, keepWithin, price, start } = room;
  const { slots } = board;
  const pull = pullOf(board, party);
  return {
    price: price ? Float64Array.from(price) : new Float64Array(slots),
    most: new Float64Array(slots).fill(Infinity),
    least: new Float64Array(slots).fill(-Infinity),
    beyond: 0,
    effort,
    from: board.answers[party]?.plan ?? start[party],
    keepWithin,
    ...(pull && { pull }),
  };
}

/** A pull on a sum, as one of its members feels it while the others stay where they are. */
function pullOf<Plan>(board: Board<Plan>, party: number): Pull | undefined {
  const line = board.linesOf[party]?.find(({ feeder }) => feeder.pull);
  if (!line?.feeder.pull) return undefined;
  const { towards, pricePerWh2 } = line.feeder.pull;
  const own = board.answers[party]?.netWh;
  return {
    towards: towards.map((wh, slot) => wh - (line.total[slot] as number) + (own ? (own[slot] as number) : 0)),
    pricePerWh2,
  };
}
