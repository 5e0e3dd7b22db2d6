import { errorCode } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import { fewAtATime } from "../../core/few-at-a-time.ts";
import type { Log } from "../../core/log.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import type { OperatorWord } from "../store/control-store.ts";
import type { Control, SiteWord } from "./control.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { emptyLists, reducedLists } from "./operator-lists.ts";

/** Homes that are told at the same time: a word about ten thousand of them must not keep the process from all else. */
const mostTold = 64;
/** A reduction that is not answered is sent again so often. */
const urgentMs = 30_000;

/**
 * Follows what operators write into the database: reductions first and at once, then pauses; homes that are free again are
 * planned anew. To be called every few seconds, and once before anything is planned.
 */
export function operatorFollower(options: {
  store: AggregatorStore;
  sites: readonly string[];
  /** Homes that are this process's; all where it is left out. */
  holds?: (site: string) => boolean;
  control: Control;
  dispatcher: Dispatcher;
  uuid: () => string;
  feeders: readonly FeederConfig[];
  /** Homes that nothing is said about any more, or whose feeder has another limit now: to be planned anew. */
  onChange: (site: string) => void;
  quietly: (work: Promise<void>, what: string) => Promise<void>;
  clock: Clock;
  log: Log;
}): () => Promise<void> {
  const { store, sites, control, dispatcher, uuid, clock, log } = options;
  const few = fewAtATime(mostTold);
  const followed = new Map<string, string>();
  const limits = new Map<string, string>();
  let retriedMs = -Infinity;
  const follow = async (site: string, word: SiteWord): Promise<void> => {
    const nowMs = clock.now();
    const lists =
      word.word === "reduce"
        ? await reducedLists(store, site, { nowMs, untilMs: word.untilMs }, uuid)
        : await emptyLists(store, site, nowMs, uuid);
    if (lists.length > 0) await dispatcher.urge(site, lists);
  };
  /** What could not be kept is tried again with the next call; what could only not be sent is sent again. */
  const surely = async (site: string, word: SiteWord): Promise<void> => {
    try {
      await follow(site, word);
    } catch (error) {
      if (errorCode(error) !== "mqtt-offline") followed.delete(site);
      throw error;
    }
  };
  return async () => {
    const now = await store.wordsAt(clock.now());
    control.set(now);
    for (const { name, sites: members } of options.feeders) {
      const said = limitsOf(now, name);
      if (said === (limits.get(name) ?? "")) continue;
      limits.set(name, said);
      log.warn({ feeder: name, limits: said || "its own" }, "an operator has changed a feeder's limit");
      for (const site of members) options.onChange(site);
    }
    const words = sites.filter(options.holds ?? (() => true)).map((site) => ({ site, word: control.wordFor(site) }));
    const changed = words.filter(({ site, word }) => textOf(word) !== (followed.get(site) ?? "planned"));
    const told = (which: SiteWord["word"]): Promise<void>[] =>
      changed.flatMap(({ site, word }) => {
        if (word?.word !== which) return [];
        const why = which === "unsettled" ? "nothing is asked of a home that does not sign" : "an operator's word is followed";
        log.warn({ site, word: textOf(word) }, why);
        return [
          options.quietly(
            few(() => surely(site, word)),
            "following an operator",
          ),
        ];
      });
    const reduced = told("reduce");
    for (const { site, word } of changed) followed.set(site, textOf(word));
    await Promise.all(reduced);
    await Promise.all([...told("pause"), ...told("unsettled")]);
    for (const { site, word } of changed)
      if (!word) {
        log.info({ site, word: "planned" }, "the word on it has ended, the home is planned again");
        options.onChange(site);
      }
    if (clock.monotonicMs() - retriedMs < urgentMs) return;
    retriedMs = clock.monotonicMs();
    const fresh = new Set(changed.map(({ site }) => site));
    const urgent = words.filter(({ site, word }) => word?.word === "reduce" && !fresh.has(site));
    await Promise.all(
      urgent.map(({ site }) =>
        options.quietly(
          few(() => dispatcher.resend(site)),
          "sending a reduction again",
        ),
      ),
    );
  };
}

const limitsOf = (words: readonly OperatorWord[], feeder: string): string =>
  words
    .filter(({ word, scope }) => word === "limit" && scope.kind === "feeder" && scope.name === feeder)
    .map(({ limitW, untilMs }) => `${limitW} W${untilMs === null ? "" : ` until ${iso(untilMs)}`}`)
    .join(", ");

const textOf = (word: SiteWord | null): string =>
  word === null ? "planned" : word.word === "reduce" ? `reduced until ${iso(word.untilMs)}` : word.word;
