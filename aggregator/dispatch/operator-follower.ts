import { errorCode } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Control, SiteWord } from "./control.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { emptyLists, reducedLists } from "./operator-lists.ts";

/** A reduction that is not answered is sent again so often. */
const urgentMs = 30_000;

/**
 * Follows what operators write into the database: reductions first and at once, then pauses; homes that are free again are
 * planned anew. To be called every few seconds, and once before anything is planned.
 */
export function operatorFollower(options: {
  store: AggregatorStore;
  sites: readonly string[];
  control: Control;
  dispatcher: Dispatcher;
  uuid: () => string;
  /** Homes that nothing is said about any more. */
  onFree: (site: string) => void;
  quietly: (work: Promise<void>, what: string) => Promise<void>;
  clock: Clock;
  log: Log;
}): () => Promise<void> {
  const { store, sites, control, dispatcher, uuid, clock, log } = options;
  const followed = new Map<string, string>();
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
    control.set(await store.wordsAt(clock.now()));
    const words = sites.map((site) => ({ site, word: control.wordFor(site) }));
    const changed = words.filter(({ site, word }) => textOf(word) !== (followed.get(site) ?? "planned"));
    const told = (which: SiteWord["word"]): Promise<void>[] =>
      changed.flatMap(({ site, word }) => {
        if (word?.word !== which) return [];
        log.warn({ site, word: textOf(word) }, "an operator's word is followed");
        return [options.quietly(surely(site, word), "following an operator")];
      });
    const reduced = told("reduce");
    for (const { site, word } of changed) followed.set(site, textOf(word));
    await Promise.all(reduced);
    await Promise.all(told("pause"));
    for (const { site, word } of changed)
      if (!word) {
        log.info({ site }, "an operator's word has ended, the home is planned again");
        options.onFree(site);
      }
    if (clock.monotonicMs() - retriedMs < urgentMs) return;
    retriedMs = clock.monotonicMs();
    const fresh = new Set(changed.map(({ site }) => site));
    const urgent = words.filter(({ site, word }) => word?.word === "reduce" && !fresh.has(site));
    await Promise.all(urgent.map(({ site }) => options.quietly(dispatcher.resend(site), "sending a reduction again")));
  };
}

const textOf = (word: SiteWord | null): string =>
  word === null ? "planned" : word.word === "pause" ? "paused" : `reduced until ${iso(word.untilMs)}`;
