import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { OpenShare } from "../share/open-share.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { retention } from "./retention.ts";

/** Whether the day's deletion is due is looked at so often. */
const lookMs = 15 * 60_000;

/** Starts the daily deletion of what is older than the configuration keeps. @returns what ends it, after the bite under way */
export function openRetention(
  config: Pick<AggregatorConfig, "keep">,
  options: {
    store: AggregatorStore;
    agreements: ReadonlyMap<string, SignedAgreement> | undefined;
    share: OpenShare | undefined;
    metrics: Metrics;
    clock: Clock;
    log: Log;
    signal: AbortSignal;
  },
): () => Promise<void> {
  const { store, agreements, share, metrics, clock, log, signal } = options;
  if (!config.keep) return () => Promise.resolve();
  const job = retention({
    store,
    spans: config.keep,
    agreements: new Map([...(agreements ?? [])].map(([site, { agreement }]) => [site, agreement])),
    ...(share && { fence: share.officeFence }),
    onDeleted: metrics.deleted,
    onHeld: metrics.held,
    clock,
    log,
    signal,
  });
  let running: Promise<void> | null = null;
  const tick = (): Promise<void> =>
    (running ??= job
      .tick()
      .catch((error: unknown) =>
        log.warn({ code: errorCode(error), error: errorMessage(error) }, "deleting what is old failed, tried again later"),
      )
      .finally(() => (running = null)));
  // Nothing else waits for it.
  clock.every(lookMs, () => void tick(), signal);
  return async () => {
    await running;
  };
}
