import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EventFeed } from "./event-feed.ts";

/** Two that write at once may commit in the other order: so many numbers behind the newest are looked at again. */
const lookBack = 100;
const most = 500;

/**
 * Tells the feed what stands in the audit log anew: what people do by the command line is done in another process. To be called
 * every few seconds; the first call only looks where the log ends.
 */
export function auditFollower({
  store,
  feed,
}: {
  store: Pick<AggregatorStore, "auditAfter" | "newestAudit">;
  feed: EventFeed;
}): () => Promise<void> {
  let newest: number | null = null;
  let seen = new Set<number>();
  return async () => {
    if (newest === null) {
      newest = await store.newestAudit();
      seen = new Set((await store.auditAfter(newest - lookBack, most)).map(({ id }) => id));
      return;
    }
    const entries = await store.auditAfter(newest - lookBack, most);
    for (const { id, who, action, site, detail } of entries) {
      if (seen.has(id)) continue;
      newest = Math.max(newest, id);
      feed.emit({ type: "operator", site, data: { id, who, action, detail } });
    }
    seen = new Set(entries.map(({ id }) => id));
  };
}
