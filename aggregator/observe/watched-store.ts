import { iso } from "../../core/clock/clock.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EventFeed } from "./event-feed.ts";
import type { Metrics } from "./metrics.ts";

/** The store, with what is written told to whoever listens and counted, once it is kept. */
export function watchedStore(
  store: AggregatorStore,
  { feed, metrics, now }: { feed: EventFeed; metrics: Metrics; now: () => number },
): AggregatorStore {
  return {
    ...store,
    async ingest(site, message, leastNumber) {
      const ingested = await store.ingest(site, message, leastNumber);
      metrics.rows(site, message, ingested);
      return ingested;
    },
    async savePlans(site, lists, sentMs, fence, changes) {
      await store.savePlans(site, lists, sentMs, fence, changes);
      for (const { plan, resource, agreement, instructions } of lists) {
        const [from, until] = [instructions.at(0)?.executionTime ?? null, instructions.at(-1)?.validUntil ?? null];
        metrics.planned(plan, now());
        feed.emit({ type: "plan", site, data: { plan, resource, agreement: agreement ?? null, from, until } });
      }
    },
    async answerPlan(site, plan, status, code, more) {
      await store.answerPlan(site, plan, status, code, more);
      metrics.answered(plan, status, now());
      feed.emit({ type: "answer", site, data: { plan, status, code, message: more?.message ?? null } });
    },
    async saveStatus(site, status) {
      await store.saveStatus(site, status);
      metrics.status(site, status);
    },
    async addRecord(record, cursor) {
      await store.addRecord(record, cursor);
      metrics.record("proposed", record.record);
    },
    async updateRecord(site, seq, change) {
      await store.updateRecord(site, seq, change);
      if (change.state === undefined) return;
      const stored = await store.recordAt(site, seq);
      if (stored) metrics.record(change.state, stored.record);
    },
    async epochCommitted(epoch, tx) {
      await store.epochCommitted(epoch, tx);
      metrics.epoch(epoch);
    },
    async addSpent(spent) {
      await store.addSpent(spent);
      metrics.spent(spent);
    },
    async addDispute(dispute) {
      await store.addDispute(dispute);
      metrics.dispute(dispute.source);
      const { site, seq, source, code, message, atMs } = dispute;
      feed.emit({ type: "dispute", site, data: { seq, source, code, message, at: iso(atMs) } });
    },
    async saveReport(site, report, nowMs) {
      await store.saveReport(site, report, nowMs);
      const { revision, state, failed } = report;
      feed.emit({ type: "config", site, data: { revision, state, failed } });
    },
  };
}
