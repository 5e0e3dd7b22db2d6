import type { FeederConfig } from "../config/aggregator-config.ts";
import type { ControlScope, OperatorWord } from "../store/control-store.ts";

/** What an operator's word means for a home; `unsettled`: it is supplied and does not sign, so nothing is asked of it. */
export type SiteWord = { word: "pause" } | { word: "unsettled" } | { word: "reduce"; untilMs: number };

/** What operators have said, as far as it holds now. */
export interface Control {
  /** Null: the home is planned as ever. A reduction stands above a pause. */
  wordFor(site: string): SiteWord | null;
  /** The least limit that is said of a feeder for an instant, W; Infinity where none is. */
  limitW(feeder: string, atMs: number): number;
  /** Takes the words that hold now in the place of those before. */
  set(words: readonly OperatorWord[]): void;
}

/** Nothing is said at first. @param isUnsettled whether a home gets no flexibility because it does not sign */
export function controlState(feeders: readonly FeederConfig[], isUnsettled: (site: string) => boolean = () => false): Control {
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
      if (meant.length > 0) return { word: "pause" };
      return isUnsettled(site) ? { word: "unsettled" } : null;
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
