import type { Log } from "./log.ts";

/** What was refused, counted by code and source; the log hears the first of each, a flood costs a number. */
export interface Rejections {
  /** @param source where it came from, such as a topic or a meter's name */
  note(code: string, source: string, message: string): void;
  counts(): Record<string, number>;
}

/** Sources that the log has heard of; beyond it only the counts go on. */
const maxSources = 1000;

/** Nothing refused yet. */
export function rejections(log: Log): Rejections {
  const said = new Set<string>();
  const byCode = new Map<string, number>();
  return {
    note(code, source, message) {
      byCode.set(code, (byCode.get(code) ?? 0) + 1);
      const key = `${code} ${source}`;
      if (said.has(key) || said.size >= maxSources) return log.debug({ code, source }, message);
      said.add(key);
      log.warn({ code, source }, message);
    },
    counts: () => Object.fromEntries(byCode),
  };
}
