import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EventChange, FlexEvent } from "../store/event-store.ts";

/** Events as they will be, while nothing of it is written: it is, together with the plan that it follows from, or not at all. */
export interface EventDraft {
  events(site: string, fromMs: number, toMs: number): Promise<FlexEvent[]>;
  add(event: FlexEvent): void;
  /** Takes back those of a resource that begin at or after an instant. */
  withdraw(site: string, resource: string, fromMs: number): void;
  end(event: FlexEvent, endMs: number): void;
  /** In the order in which they were made. */
  changes(): EventChange[];
}

const keyOf = ({ site, plan, resource, startMs }: FlexEvent): string => `${site} ${plan} ${resource} ${startMs}`;

/** Changes over what is kept. */
export function eventDraft(store: Pick<AggregatorStore, "events">): EventDraft {
  const changes: EventChange[] = [];
  /** Added ones, and kept ones with another end. */
  const own = new Map<string, FlexEvent>();
  const withdrawn = (event: FlexEvent): boolean =>
    changes.some(
      (one) =>
        one.kind === "withdraw" && one.site === event.site && one.resource === event.resource && event.startMs >= one.fromMs,
    );
  return {
    async events(site, fromMs, toMs) {
      const kept = (await store.events(site, fromMs, toMs)).filter((event) => !own.has(keyOf(event)) && !withdrawn(event));
      const drafted = [...own.values()].filter((one) => one.site === site && one.endMs > fromMs && one.startMs < toMs);
      return [...kept, ...drafted].toSorted((one, other) => one.startMs - other.startMs);
    },
    add(event) {
      changes.push({ kind: "add", event });
      own.set(keyOf(event), event);
    },
    withdraw(site, resource, fromMs) {
      changes.push({ kind: "withdraw", site, resource, fromMs });
      for (const [key, event] of own)
        if (event.site === site && event.resource === resource && event.startMs >= fromMs) own.delete(key);
    },
    end(event, endMs) {
      changes.push({ kind: "end", event, endMs });
      own.set(keyOf(event), { ...event, endMs });
    },
    changes: () => changes,
  };
}
