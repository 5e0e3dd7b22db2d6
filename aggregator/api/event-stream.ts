import { iso } from "../../core/clock/clock.ts";
import type { EventFeed, FeedEvent } from "../observe/event-feed.ts";

/** One client's stream of server-sent events. */
export interface EventStream {
  body: ReadableStream<Uint8Array>;
  /** Something that is no event, so that nobody on the way takes the stream for dead. */
  alive(): void;
  close(): void;
  /** Aborted when the stream has ended, whoever ended it. */
  ended: AbortSignal;
}

/** Events that wait for a client that reads slowly; one that is further behind is cut off and may come back with the last id. */
const mostWaiting = 1000;

/**
 * @param options.after the id of the last event that the client had; undefined for a new client
 * @param options.isMeant whether the client may hear of an event
 */
export function eventStream(options: {
  feed: EventFeed;
  after: string | undefined;
  isMeant: (event: FeedEvent) => boolean;
  onEnd: () => void;
}): EventStream {
  const { feed, isMeant } = options;
  const ending = new AbortController();
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let wake: (() => void) | null = null;
  const put = (text: string): void => {
    waiting.push(text);
    wake?.();
  };
  const end = (): void => {
    if (ending.signal.aborted) return;
    stop();
    ending.abort();
    options.onEnd();
    wake?.();
  };
  const tell = (event: FeedEvent): void => {
    if (!isMeant(event)) return;
    if (waiting.length < mostWaiting) return put(textOf(feed.run, event));
    waiting = [];
    end();
  };
  const stop = feed.listen(tell);
  const missed = options.after === undefined ? [] : missedSince(feed, options.after);
  put("retry: 3000\n\n");
  const meant = missed?.filter(isMeant) ?? null;
  if (meant === null || meant.length > mostWaiting) put("event: reset\ndata: {}\n\n");
  else for (const event of meant) put(textOf(feed.run, event));
  /** Without data it is no event: the client only learns from where to go on, also where nothing of its own happens. */
  const upToHere = (): void => put(`id: ${feed.run}:${feed.newest()}\n\n`);
  upToHere();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (waiting.length === 0 && !ending.signal.aborted) {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
          wake = null;
        }
        if (waiting.length === 0) return controller.close();
        controller.enqueue(encoder.encode(waiting.join("")));
        waiting = [];
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return {
    body,
    // Who does not read needs no sign of life.
    alive: () => void (waiting.length === 0 && upToHere()),
    close: end,
    ended: ending.signal,
  };
}

/** Null where some is not known any more: of another run, or too long ago. */
function missedSince(feed: EventFeed, id: string): FeedEvent[] | null {
  const [, run, seq] = /^([\w-]{1,64}):(\d{1,15})$/.exec(id) ?? [];
  return run === feed.run ? feed.after(Number(seq)) : null;
}

function textOf(run: string, { seq, atMs, type, site, data }: FeedEvent): string {
  return `id: ${run}:${seq}\nevent: ${type}\ndata: ${JSON.stringify({ at: iso(atMs), site, ...data })}\n\n`;
}
