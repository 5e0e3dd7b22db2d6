import type { ConfigReport, RemoteConfig } from "../../core/message/remote-config.ts";

/** What is in force from afar; nothing at all where the revision is null. */
export interface Applied {
  revision: string | null;
  config: RemoteConfig;
}

/** An order that did not stay. */
export type Failed = NonNullable<ConfigReport["failed"]>;

/** Where the gateway stands with what its aggregator wants it to run by. */
export type Trial =
  | { is: "kept"; now: Applied; failed: Failed | null }
  | { is: "trying"; now: Applied; before: Applied; failed: Failed | null; sinceMs: number; trialMs: number };

/** How the gateway is while it tries. */
export interface Health {
  /** Age of the aggregator's last signed heartbeat, ms; Infinity before the first. */
  heartbeatAgeMs: number;
  /** Whether readings reach the disk. */
  isStoring: boolean;
  /** Since the last pass of control ended, ms. */
  passAgeMs: number;
}

/** What happens to it; `atMs` on the monotonic clock. */
export type TrialEvent =
  | { on: "start" }
  | { on: "order"; revision: string; config: RemoteConfig; trialMs: number; atMs: number }
  | { on: "refused"; failed: Failed }
  | { on: "look"; health: Health; atMs: number };

/** Heartbeats come each minute; after this silence the aggregator counts as lost. */
const lostMs = 180_000;
/** At the end of a trial the aggregator has been heard lately, not only once. */
const lateMs = 120_000;
/** Control runs each ten seconds: six missed passes are a hang. */
const hangMs = 60_000;

/**
 * The next state. What was ordered is on trial until it has proved itself; whatever goes wrong before that, a crash too, leads
 * back to what was in force before. An order that failed once is not tried again.
 */
export function stepTrial(state: Trial, event: TrialEvent): Trial {
  switch (event.on) {
    case "start":
      // Nobody knows why the program ended; a power cut is rare, and costs one more try by the aggregator.
      return state.is === "trying"
        ? reverted(state, "config-restarted", "the agent was started anew before the trial had ended")
        : state;
    case "refused":
      return { ...state, failed: event.failed };
    case "order": {
      const { revision, config, trialMs, atMs } = event;
      if (revision === state.now.revision || revision === state.failed?.revision) return state;
      // What is still on trial is no ground to go back to.
      const before = state.is === "trying" ? state.before : state.now;
      if (revision === before.revision) return { is: "kept", now: before, failed: state.failed };
      return { is: "trying", now: { revision, config }, before, failed: state.failed, sinceMs: atMs, trialMs };
    }
    case "look": {
      if (state.is === "kept") return state;
      const { health, atMs } = event;
      const triedMs = atMs - state.sinceMs;
      if (health.passAgeMs > hangMs) return reverted(state, "config-unwell", "control hung");
      if (health.heartbeatAgeMs > lostMs && triedMs > lostMs)
        return reverted(state, "config-aggregator-lost", "the aggregator was not heard for three minutes");
      if (triedMs < state.trialMs) return state;
      if (!health.isStoring) return reverted(state, "config-unwell", "readings could not be stored");
      if (health.heartbeatAgeMs > Math.min(lateMs, triedMs))
        return reverted(state, "config-aggregator-lost", "the aggregator was not heard at the end of the trial");
      return { is: "kept", now: state.now, failed: state.failed };
    }
  }
}

function reverted(state: Extract<Trial, { is: "trying" }>, code: string, message: string): Trial {
  const { revision } = state.now;
  const failed = revision === null ? state.failed : { revision, how: "reverted" as const, code, message };
  return { is: "kept", now: state.before, failed };
}
