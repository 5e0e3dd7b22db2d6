import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";
import type { Fence, LeaseStore } from "../store/lease-store.ts";
import { leases } from "./leases.ts";
import { leaseLost, type Share } from "./share.ts";
import { shards } from "./shards.ts";

/** A worker's share of the homes, which follows who else is there. */
export interface OpenShare extends Share {
  worker: string;
  /** Renews leases and takes homes over; `onGain` hears of them. To be called every `tickMs`. */
  tick(): Promise<void>;
  tickMs: number;
  /** Waits until no other process does what one alone may do: settlement, API, enrolment. */
  becomeOffice(signal: AbortSignal): Promise<void>;
  /** Resolves with what makes going on pointless: another process does that now. */
  lostOffice: Promise<AppError>;
  /** What must be shown to write what one process alone writes. @throws AppError lease-lost */
  officeFence(): Fence;
  release(): Promise<void>;
}

/** What one process alone does: settlement, API and enrolment. */
const office = "office";

/** @param options.onGain hears of homes that came to this process */
export function openShare(options: {
  config: Pick<AggregatorConfig, "sites" | "feeders">;
  leaseMs: number;
  store: LeaseStore;
  onGain: (sites: readonly string[]) => void;
  clock: Clock;
  log: Log;
}): OpenShare {
  const { config, clock, log } = options;
  const worker = `${hostname()
    .replaceAll(/[^A-Za-z0-9-]/g, "-")
    .slice(0, 40)}-${randomBytes(4).toString("hex")}`;
  const all = shards(
    config.sites.map(({ site }) => site),
    config.feeders,
  );
  const shardOf = new Map([...all].flatMap(([name, sites]) => sites.map((site) => [site, name] as const)));
  let generation = 0;
  const lost = Promise.withResolvers<AppError>();
  const held = leases({
    store: options.store,
    worker,
    works: [...all.keys()],
    leaseMs: options.leaseMs,
    onGain(name) {
      generation++;
      options.onGain(all.get(name) ?? []);
    },
    onLost(name) {
      if (name === office)
        lost.resolve(
          new AppError("office-lost", "another aggregator run has taken over settlement and API", { temporary: true }),
        );
    },
    clock,
    log,
  });
  const tickMs = Math.floor(options.leaseMs / 4);
  return {
    worker,
    holds: (site) => held.held(shardOf.get(site) ?? "") !== undefined,
    fenceOf(site) {
      const fence = held.held(shardOf.get(site) ?? "");
      if (!fence) throw leaseLost(site);
      return fence;
    },
    generation: () => generation,
    tick: held.tick,
    tickMs,
    async becomeOffice(signal) {
      let told = false;
      while (!(await held.takeAlone(office))) {
        if (!told) log.warn({}, "another aggregator run is there, or was just now; waiting until its lease has run out");
        told = true;
        const { promise, resolve } = Promise.withResolvers<void>();
        const stopped = (): void => resolve();
        clock.after(tickMs, resolve, signal);
        signal.addEventListener("abort", stopped, { once: true });
        await promise;
        // One that stands by waits for days.
        signal.removeEventListener("abort", stopped);
        if (signal.aborted)
          throw new AppError("office-taken", "stopped while another aggregator run was there", { temporary: true });
      }
    },
    lostOffice: lost.promise,
    officeFence() {
      const fence = held.held(office);
      if (!fence) throw new AppError("lease-lost", "another aggregator run may have taken over what one process alone does");
      return fence;
    },
    release: held.release,
  };
}
