import { emptyBoard, overloadWh, type Feeder } from "./board.ts";
import { communityResult, type CommunityResult } from "./community-result.ts";
import { curtail } from "./curtail.ts";
import { goBack, isBetter, noted, type History, type Point } from "./history.ts";
import { usualRule } from "./line-prices.ts";
import {
  crampedPass,
  fitPass,
  lookPass,
  returnPass,
  searchPass,
  sideBySide,
  type Coordination,
  type PassRoom,
} from "./passes.ts";
import type { Effort } from "./party.ts";
import { seededRandom, shuffled } from "./seeded-random.ts";

/** Parties that share limits. Arrays have one entry a slot, energies are Wh of net, import positive. */
export interface Community<Plan> {
  hours: Float64Array;
  /** Their names, and what each had to give up before (`curtailmentRecord`), Wh. */
  parties: readonly { name: string; curtailedBeforeWh: number }[];
  feeders: readonly Feeder[];
  /** What the choice between two slots is usually worth, money per Wh (`priceScale`). */
  scale: number;
  /** For the order in which parties are asked, anew each time: the same seed gives the same plan. */
  seed: number;
  /** Where the last coordination ended, shifted to these slots. */
  start?: { prices: readonly Float64Array[]; plans: readonly (Plan | undefined)[] };
  /** A party leaves its plan of the last time only where another one is better by more than this, money. */
  keepWithin: number;
  /** Money for each Wh on top of everybody's prices. */
  price?: Float64Array;
}

/** How long a coordination may take. */
export interface TimeLimit {
  /** A clock that never jumps, ms. */
  nowMs: () => number;
  untilMs: number;
}

/** Share of the time after which prices are no longer looked for: plans that keep the limits need the rest. */
const searchShare = 0.5;
const fewestSearches = 5;
const mostSearches = 30;
/** The fewer the parties, the more a single one moves the prices, and the longer they take to settle. */
const searchesFor = (parties: number): number =>
  Math.min(mostSearches, Math.max(fewestSearches, Math.round(50 / Math.sqrt(Math.max(1, parties)))));
/** Prices of the last time are nearly right. */
const warmSearches = 2;
const fitPasses = 3;
/** How often prices are raised for what does not fit, before it counts as not to be met. */
const pressings = 3;
/** Prices that take away less than this share of what is beyond the limits are not raised again. */
const worthPressing = 0.1;
/** With more parties than this share changing their plan, the last time's prices say little. */
const muchChanged = 0.25;
/** So little beyond limits for which no wish is touched is no reason to leave a plan in force, Wh: forecasts are off by more. */
const softKeptWh = 100;
/** Who misses no more than this did nearly what was planned, Wh. */
const nearlyWh = 1000;
/** A pass in which fewer than this share better their plan is not made again. */
const fewChanged = 0.05;

/**
 * Plans of all parties under all limits. First prices are looked for, party after party, each answering what the lines cost at
 * that moment, so that those who would all take the same slot see it fill up. Then no one may take more than what is left, until
 * the limits are kept; then each betters its plan within what is left. What cannot fit is shared fairly and named.
 * @throws AppError plan-bad-feeder, plan-bad-answer
 */
export function* coordinate<Plan>(community: Community<Plan>, limit: TimeLimit): Coordination<Plan, CommunityResult<Plan>> {
  const { hours, parties, feeders, scale, seed, start, keepWithin, price } = community;
  const random = seededRandom(seed);
  const beganMs = limit.nowMs();
  const searchUntilMs = beganMs + (limit.untilMs - beganMs) * searchShare;
  const board = emptyBoard<Plan>(hours.length, parties.length, feeders, start?.prices);
  const room: PassRoom<Plan> = {
    board,
    rule: usualRule(scale),
    keepWithin: start ? keepWithin : 0,
    price,
    start: start?.plans ?? [],
    isOver: () => limit.nowMs() >= limit.untilMs,
  };
  const searching: PassRoom<Plan> = { ...room, isOver: () => limit.nowMs() >= searchUntilMs };
  const history: History<Plan> = { board, price, rounds: [], best: undefined };
  const order = (): number[] => shuffled(parties.length, sideBySide(parties.length), random);
  const everybody = parties.map((_, party) => party);

  const isWarm = start !== undefined && everybody.every((party) => start.plans[party] !== undefined);
  if (isWarm) noted(history, "look", yield* lookPass(room, everybody));
  const old = history.best;
  /** The plans of the last time with as few changes as what has happened since asks for. */
  let mended: Point<Plan> | undefined;
  let isFresh = true;
  const softWh = keepWithin > 0 ? softKeptWh : 0;
  const softOverWh = isWarm && overloadWh(board, "hard") === 0 ? overloadWh(board) : Infinity;
  if (softOverWh <= softWh) {
    isFresh = (yield* improve("quick", 0)) > muchChanged * parties.length;
    mended = history.best;
    if (!isFresh) {
      yield* improve("usual", 0);
      const cramped = yield* crampedPass(room);
      // Where many lack something the limits are too tight, and what there is has been shared. A few are new.
      isFresh = cramped > 0 && cramped <= muchChanged * parties.length;
    }
  } else if (old && keepWithin > 0 && softOverWh < Infinity && old.missedWh <= nearlyWh * parties.length) {
    // Beyond a soft limit they are mended as well, beside the search, which begins where they are now: it may end worse.
    const alone = shuffled(parties.length, sideBySide(parties.length), seededRandom(seed + 1));
    noted(history, "improve", yield* fitPass(room, alone, { effort: "quick", guide: 0, firm: false }));
    mended = history.best;
    goBack(board, old);
  }
  if (isFresh) {
    yield* search(feeders.length === 0 ? 1 : isWarm ? warmSearches : searchesFor(parties.length));
    // Time was up before all were asked: they keep what they have.
    const silent = everybody.filter((party) => !board.answers[party]);
    if (silent.length > 0) noted(history, "look", yield* lookPass(room, silent));
    yield* fit();
    for (let time = 0; time < pressings && overloadWh(board) > 0 && !room.isOver(); time += 1) {
      const overWh = overloadWh(board);
      yield* search(warmSearches);
      yield* fit();
      if (overloadWh(board) > overWh * (1 - worthPressing)) break;
    }
  }
  const wantedWh = board.answers.map((answer) => answer?.missedWh ?? 0);
  const firm = overloadWh(board, "hard") > 0 && !room.isOver();
  if (firm) yield* curtail(room, history, order, { beforeWh: parties.map((party) => party.curtailedBeforeWh), wantedWh });
  // Where wishes are at stake they decide, not prices.
  if (isFresh && !firm)
    for (const guide of feeders.length === 0 ? [] : [1, 0.5])
      if ((yield* improve(isWarm ? "quick" : "usual", guide)) < fewChanged * parties.length) break;
  // Whoever begins in a good plan finds little by looking longer.
  if (isFresh) yield* improve(isWarm ? "usual" : "thorough", 0, firm);
  if (start && !room.isOver()) noted(history, "return", yield* returnPass(room, everybody));

  const { best } = history;
  // A better plan by less than the threshold is not worth the change, and one that changes all has to be better for all; what is
  // asked from above by a price is answered as well as can be.
  const isKept = (point: Point<Plan> | undefined, each: number): boolean =>
    point !== undefined && best !== undefined && !isBetter(best, point, { money: keepWithin * each, softWh: softWh * each });
  const chosen = isKept(old, 1) ? old : isKept(mended, price ? 0 : parties.length) ? mended : best;
  if (chosen) goBack(board, chosen);
  return communityResult(community, board, {
    rounds: history.rounds,
    wantedWh: firm ? wantedWh : undefined,
    isStopped: room.isOver(),
    keptAll: old !== undefined && chosen === old,
  });

  function* search(times: number): Coordination<Plan, void> {
    for (let time = 0; time < times && (time === 0 || !searching.isOver()); time += 1)
      // All are asked once, however long it takes.
      noted(history, "search", yield* searchPass(time === 0 ? room : searching, order(), "quick"));
  }
  function* fit(): Coordination<Plan, void> {
    for (let time = 0; time < fitPasses && overloadWh(board) > 0 && !room.isOver(); time += 1)
      if (noted(history, "fit", yield* fitPass(room, order(), { effort: "quick", guide: 1, firm: false })) === 0) break;
  }
  function* improve(effort: Effort, guide: number, isFirm = false): Coordination<Plan, number> {
    if (room.isOver()) return 0;
    return noted(history, "improve", yield* fitPass(room, order(), { effort, guide, firm: isFirm }));
  }
}
