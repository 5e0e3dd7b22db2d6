import { setImmediate as turn } from "node:timers/promises";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { timetable } from "../settle/timetable.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Fence } from "../store/lease-store.ts";
import { commonBounds, type KeepSpans, siteBounds, unreckonedSince, type Unsettled } from "./bounds.ts";

const dayMs = 24 * 3_600_000;
/** Rows that go in one transaction; what homes send waits no longer than for these. */
const biteRows = 500;
/** A clock that is ahead of everything that any home has sent for so long is not believed. */
const believedMs = 2 * dayMs;

/** Homes that the log names each day; of more it has the number. */
const mostNamed = 20;

/** Kinds of what is deleted, as metrics and the log name them. */
export const retainedKinds = ["readings", "slots", "plans", "events", "prices", "limits", "audit"] as const;
export type RetainedKind = (typeof retainedKinds)[number];

/** Parts that it works with. */
export interface RetentionOptions {
  store: AggregatorStore;
  spans: KeepSpans;
  /** Contracts by home, those in force and those to come; empty where nothing is settled. */
  agreements: ReadonlyMap<string, Agreement>;
  /** The lease under which one process deletes; undefined where there is one. @throws AppError lease-lost */
  fence?: () => Fence | undefined;
  onDeleted?: (kind: RetainedKind, rows: number) => void;
  /** Homes of which something older than its span stays, for it is not settled. */
  onHeld?: (homes: number) => void;
  clock: Pick<Clock, "now">;
  log: Log;
  /** Ends it after the bite that is under way. */
  signal: AbortSignal;
  /** For tests. */
  biteRows?: number;
}

/** Deletes what is older than its span and needed by nobody. */
export interface Retention {
  /** Once a day; to be called often. */
  tick(): Promise<void>;
  /** At once. */
  run(): Promise<Record<RetainedKind, number>>;
}

export function retention(options: RetentionOptions): Retention {
  const { store, spans, agreements, clock, log, signal } = options;
  const times = timetable(store, "retention", dayMs);
  const limit = options.biteRows ?? biteRows;
  const bite = () => ({ limit, fence: options.fence?.() });
  const inBites = async (kind: RetainedKind, work: () => Promise<number>, limited = true): Promise<number> => {
    let rows = 0;
    for (;;) {
      if (signal.aborted) return rows;
      const some = await work();
      rows += some;
      if (some > 0) options.onDeleted?.(kind, some);
      if (!limited || some < limit) return rows;
      store.freePages();
      await turn();
    }
  };
  const unsettledOf = async (site: string, rewardsMs: number): Promise<Unsettled> => {
    const agreement = agreements.get(site);
    const cursors = await store.cursors(site);
    const since = async (register: "import" | "export"): Promise<number> => {
      if (!agreement) return Infinity;
      const nextMs = cursors.get(register) ?? Date.parse(agreement.from);
      // What comes after the end of a contract is settled by nobody.
      if (nextMs >= Date.parse(agreement.until)) return Infinity;
      return (await store.earliestSlot(site, register, nextMs)) ?? Infinity;
    };
    const openMs = (await store.openSince(site)) ?? Infinity;
    return { openMs, importMs: await since("import"), exportMs: await since("export"), rewardsMs };
  };
  const rewardsSince = async (nowMs: number): Promise<number> => {
    const reached = new Map<string, number>();
    for (const [site, { reward, from, until }] of agreements) {
      if (reward.kind !== "flexibility") continue;
      const nextMs = (await store.cursors(site)).get("reward") ?? Date.parse(from);
      const reachedMs = await store.reckonedUpTo(site, nextMs);
      if (reachedMs < Date.parse(until)) reached.set(site, reachedMs);
    }
    const { rewardsMs, givenUp } = unreckonedSince(spans, reached, nowMs);
    for (const site of givenUp.slice(0, mostNamed))
      log.warn(
        { site, reckonedUpTo: iso(reached.get(site) ?? 0), homes: givenUp.length },
        "its rewards are not reckoned for longer than storage.keep.unreckoned_days: what they would need is kept no longer",
      );
    return rewardsMs;
  };
  /** Now, or as far as homes have sent anything: of a clock that was set wrong nothing is deleted. */
  const believedNow = async (sites: readonly string[]): Promise<number> => {
    const nowMs = clock.now();
    let newestMs = -Infinity;
    for (const site of sites) {
      newestMs = Math.max(newestMs, (await store.newestSlot(site)) ?? -Infinity);
      if (newestMs >= nowMs - believedMs) return nowMs;
    }
    return Math.min(nowMs, newestMs + believedMs);
  };
  const run = async (): Promise<Record<RetainedKind, number>> => {
    const deleted: Record<RetainedKind, number> = { readings: 0, slots: 0, plans: 0, events: 0, prices: 0, limits: 0, audit: 0 };
    const sites = await store.keptSites();
    const nowMs = await believedNow(sites);
    const rewardsMs = await rewardsSince(nowMs);
    let held = 0;
    for (const site of sites) {
      if (signal.aborted) break;
      const unsettled = await unsettledOf(site, rewardsMs);
      const bounds = siteBounds(spans, unsettled, nowMs);
      const settled = { openMs: Infinity, importMs: Infinity, exportMs: Infinity, rewardsMs: Infinity };
      const { importBeforeMs, readingsBeforeMs } = siteBounds(spans, settled, nowMs);
      if (bounds.importBeforeMs < importBeforeMs || bounds.readingsBeforeMs < readingsBeforeMs) held++;
      deleted.readings += await inBites("readings", () => store.deleteReadings(site, bounds.readingsBeforeMs, bite()));
      deleted.slots += await inBites("slots", () => store.deleteSlots(site, bounds, bite()));
      deleted.events += await inBites("events", () => store.deleteEvents(site, bounds.eventsBeforeMs, bite()), false);
      // After the events: plans stay as long as those.
      deleted.plans += await inBites("plans", () => store.deletePlans(site, bounds.plansBeforeMs, bite()));
    }
    const { pricesBeforeMs, limitsBeforeMs, auditBeforeMs } = commonBounds(spans, rewardsMs, nowMs);
    deleted.prices = await inBites("prices", () => store.deletePrices(pricesBeforeMs, bite()), false);
    deleted.limits = await inBites("limits", () => store.deleteLimits(limitsBeforeMs, bite()), false);
    if (spans.auditMs !== undefined) {
      const before = iso(auditBeforeMs);
      deleted.audit = await inBites("audit", () =>
        store.deleteAudit(auditBeforeMs, bite(), (entries) => ({
          atMs: clock.now(),
          who: "aggregator",
          action: "retain.audit",
          site: null,
          detail: { entries, before },
        })),
      );
    }
    store.freePages();
    options.onHeld?.(held);
    log.info({ ...deleted, heldHomes: held }, "what is older than storage.keep is deleted");
    return deleted;
  };
  return {
    async tick() {
      if ((await times.next(clock.now())) > clock.now()) return;
      await run();
      if (!signal.aborted) await times.done(clock.now());
    },
    run,
  };
}
