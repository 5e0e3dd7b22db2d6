/** What happens; `type` says what `data` is. */
export type FeedType = "state" | "plan" | "answer" | "dispute" | "operator" | "config";

/** Something that happened, numbered within one run of the aggregator. */
export interface FeedEvent {
  seq: number;
  atMs: number;
  type: FeedType;
  /** The home that it is about; null where it concerns operators only. */
  site: string | null;
  data: Record<string, unknown>;
}

/** What happens, for whoever listens now, with the newest of it kept for who was away for a moment. */
export interface EventFeed {
  /** Tells one run from the next: numbers begin anew with each. */
  run: string;
  emit(event: Omit<FeedEvent, "seq" | "atMs">): void;
  /** Number of the newest event; 0 before the first. */
  newest(): number;
  /** What came after a number; null where some of it is not kept any more, or never was. */
  after(seq: number): FeedEvent[] | null;
  /** @returns ends it */
  listen(hear: (event: FeedEvent) => void): () => void;
}

/** @param options.keep so many of the newest are kept */
export function eventFeed(options: { run: string; keep?: number; now: () => number }): EventFeed {
  const { keep = 5000 } = options;
  const kept: FeedEvent[] = [];
  const listeners = new Set<(event: FeedEvent) => void>();
  let seq = 0;
  return {
    run: options.run,
    emit(event) {
      const numbered = { seq: ++seq, atMs: options.now(), ...event };
      kept.push(numbered);
      // In bites: a shift for each event would move thousands.
      if (kept.length >= 2 * keep) kept.splice(0, kept.length - keep);
      for (const hear of listeners) hear(numbered);
    },
    newest: () => seq,
    after(from) {
      const [first] = kept;
      const isKnown = from <= seq && from >= (first ? first.seq - 1 : seq);
      return isKnown ? kept.filter((event) => event.seq > from) : null;
    },
    listen(hear) {
      listeners.add(hear);
      return () => void listeners.delete(hear);
    },
  };
}
