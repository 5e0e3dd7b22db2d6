import type { FeederConfig } from "../config/aggregator-config.ts";
import type { ControlScope, OperatorWord } from "../store/control-store.ts";

/** What an operator's word means for a home. */
export type SiteWord = { word: "pause" } | { word: "reduce"; untilMs: number };

/** What operators have said, as far as it holds now. */
export interface Control {
  /** Null: the home is planned as ever. A reduction stands above a pause. */
  wordFor(site: string): SiteWord | null;
  /** The least limit that is said of a feeder for an instant, W; Infinity where none is. */
  limitW(feeder: string, atMs: number): number;
  /** Takes the words that hold now in the place of those before. */
  set(words: readonly OperatorWord[]): void;
}

/** Nothing is said at first. */
export function controlState(feeders: readonly FeederConfig[]): Control {
  let words: readonly OperatorWord[] = [];
  const isMeant = (scope: ControlScope, site: string): boolean =>
    scope.kind === "all" ||
    (scope.kind === "home"
      ? scope.name === site
      : feeders.some(({ name, sites }) => name === scope.name && sites.includes(site)));
  return {
    wordFor(site) {
      const meant = words.filter(({ word, scope }) => word !== "limit" && isMeant(scope, site));
      const ends = meant.flatMap(({ word, untilMs }) => (word === "reduce" && untilMs !== null ? [untilMs] : []));
      if (ends.length > 0) return { word: "reduce", untilMs: Math.max(...ends) };
      return meant.length > 0 ? { word: "pause" } : null;
    },
    limitW: (feeder, atMs) =>
      Math.min(
        Infinity,
        ...words.flatMap(({ scope, untilMs, limitW }) =>
          scope.kind === "feeder" && scope.name === feeder && limitW !== null && atMs < (untilMs ?? Infinity) ? [limitW] : [],
        ),
      ),
    set: (now) => void (words = now),
  };
}
