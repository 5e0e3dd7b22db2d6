import type { Log } from "./log.ts";

/** What was refused, counted by code and source; the log hears of each now and then, a flood costs a number. */
export interface Rejections {
  /** @param source where it came from, such as a topic or a meter's name */
  note(code: string, source: string, message: string): void;
  counts(): Record<string, number>;
}

/** A source that goes on being refused is said again after so long, with how often it was since. */
const sayAgainMs = 3_600_000;
/** Sources of one code that the log hears of; of more only the counts go on, so no flood hides another code. */
const mostSources = 50;
/** Characters of a source or a message in the log: both may come from outside. */
const mostCharacters = 200;

interface Said {
  atMs: number;
  since: number;
}

/**
 * Nothing refused yet.
 * @param monotonicMs steady milliseconds, to say again what goes on for hours
 */
export function rejections(log: Log, monotonicMs: () => number): Rejections {
  const said = new Map<string, Map<string, Said>>();
  const byCode = new Map<string, number>();
  return {
    note(code, source, message) {
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
      const atMs = monotonicMs();
      const sources = said.get(code) ?? new Map<string, Said>();
      said.set(code, sources);
      const key = source.slice(0, mostCharacters);
      const before = sources.get(key);
      if (before && atMs - before.atMs < sayAgainMs) {
        before.since++;
        log.debug({ code, source: key }, message.slice(0, mostCharacters));
        return;
      }
      if (!before && sources.size >= mostSources) {
        const [[oldest, { atMs: oldestMs }] = ["", { atMs }]] = sources;
        if (atMs - oldestMs < sayAgainMs) return;
        sources.delete(oldest);
      }
      // Put in anew, so that the map stays in order of time.
      sources.delete(key);
      sources.set(key, { atMs, since: 0 });
      log.warn({ code, source: key, ...(before && { times: before.since + 1 }) }, message.slice(0, mostCharacters));
    },
    counts: () => Object.fromEntries(byCode),
  };
}
