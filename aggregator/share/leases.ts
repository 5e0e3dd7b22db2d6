import { errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Fence, Lease, LeaseStore } from "../store/lease-store.ts";

/** The pieces of work that this worker holds. */
export interface Leases {
  /** The lease of a piece of work, as long as nobody else can have taken it over; undefined where it is another's. */
  held(name: string): Fence | undefined;
  names(): string[];
  /** Renews, takes what is free and this worker's share, gives up what is above it. To be called often. */
  tick(): Promise<void>;
  /** Takes a piece of work that is none of those that are shared, once nobody else holds it. False: not yet. */
  takeAlone(name: string): Promise<boolean>;
  /** Gives all up at once, so that others need not wait for the end of the lease. */
  release(): Promise<void>;
}

/** Leases under this name only show that a worker is there. */
const presence = "worker ";
/** A holder stops before another may begin: of the time after which a beat that does not change counts as dead. */
const safeShare = 0.7;

interface Held {
  fence: Fence;
  /** Monotonic. */
  untilMs: number;
}

/**
 * Shares pieces of work among workers by leases in the database. A lease is dead when its beat has not changed for `leaseMs` as
 * this worker saw it; no two clocks are compared.
 * @param options.worker a name that no other worker has, nor had
 * @param options.onGain hears of each piece of work that is new here; its lease holds already
 * @param options.onLost hears of each that another has taken over
 */
export function leases(options: {
  store: LeaseStore;
  worker: string;
  works: readonly string[];
  leaseMs: number;
  onGain: (name: string) => void;
  onLost?: (name: string) => void;
  clock: Pick<Clock, "monotonicMs">;
  log: Log;
}): Leases {
  const { store, worker, leaseMs, clock, log } = options;
  const own = `${presence}${worker}`;
  const mine = new Map<string, Held>();
  /** Since when each lease has been seen as it is. */
  const seen = new Map<string, { lease: Lease; sinceMs: number }>();
  const isDead = ({ lease, sinceMs }: { lease: Lease; sinceMs: number }): boolean =>
    lease.holder === "" || clock.monotonicMs() - sinceMs >= leaseMs;
  const look = async (): Promise<void> => {
    const now = await store.leases();
    const atMs = clock.monotonicMs();
    for (const lease of now) {
      const before = seen.get(lease.name)?.lease;
      if (before?.token !== lease.token || before.beat !== lease.beat) seen.set(lease.name, { lease, sinceMs: atMs });
    }
    const there = new Set(now.map(({ name }) => name));
    for (const name of seen.keys()) if (!there.has(name)) seen.delete(name);
  };
  const hold = ({ name, token }: Lease, fromMs: number): void =>
    void mine.set(name, { fence: { name, token }, untilMs: fromMs + leaseMs * safeShare });
  const take = async (name: string): Promise<boolean> => {
    const atMs = clock.monotonicMs();
    const taken = await store.takeLease(name, worker, seen.get(name)?.lease ?? null);
    if (taken) hold(taken, atMs);
    return taken !== null;
  };
  const renew = async (): Promise<void> => {
    if (mine.size === 0) return;
    const atMs = clock.monotonicMs();
    const kept = new Set(
      await store.beatLeases(
        worker,
        [...mine.values()].map(({ fence }) => fence),
      ),
    );
    for (const [name, { fence }] of mine)
      if (kept.has(name)) mine.set(name, { fence, untilMs: atMs + leaseMs * safeShare });
      else {
        mine.delete(name);
        log.warn({ lease: name }, "another worker has taken this over");
        options.onLost?.(name);
      }
  };
  const share = async (): Promise<void> => {
    const alive = [...seen.values()].filter((one) => one.lease.name.startsWith(presence) && !isDead(one));
    const workers = new Set([own, ...alive.map(({ lease }) => lease.name)]).size;
    const fair = Math.ceil(options.works.length / workers);
    const held = options.works.filter((name) => mine.has(name));
    const over = held.slice(fair).flatMap((name) => mine.get(name)?.fence ?? []);
    for (const { name } of over) mine.delete(name);
    await store.releaseLeases(worker, over);
    let count = held.length - over.length;
    for (const name of options.works) {
      if (count >= fair) return;
      if (mine.has(name)) continue;
      const state = seen.get(name);
      if (state && !isDead(state)) continue;
      if (!(await take(name))) continue;
      count++;
      log.info({ lease: name, token: mine.get(name)?.fence.token }, "taken over");
      options.onGain(name);
    }
  };
  return {
    held(name) {
      const found = mine.get(name);
      return found && clock.monotonicMs() < found.untilMs ? found.fence : undefined;
    },
    names: () => options.works.filter((name) => mine.has(name)),
    async tick() {
      await renew();
      await look();
      if (!mine.has(own)) await take(own);
      await share();
      for (const state of seen.values()) {
        if (!state.lease.name.startsWith(presence) || !isDead(state)) continue;
        await store.forgetLease(state.lease);
        seen.delete(state.lease.name);
      }
    },
    async takeAlone(name) {
      await renew();
      await look();
      const state = seen.get(name);
      return mine.has(name) || ((!state || isDead(state)) && take(name));
    },
    async release() {
      const all = [...mine.values()].map(({ fence }) => fence);
      mine.clear();
      await store
        .releaseLeases(worker, all)
        .catch((error: unknown) => log.warn({ error: errorMessage(error) }, "leases not given up, they run out"));
    },
  };
}
