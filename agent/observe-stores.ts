import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import { slotAt } from "../core/slots.ts";
import type { ComfortWatch } from "./comfort.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ObservedStore } from "./store/observed-store.ts";

const everyMs = 30_000;
/** A temperature older than that says nothing of a slot's end. */
const oldMs = 120_000;
const keptMs = 40 * 24 * 3_600_000;

/** Writes down at the end of each slot what the sensors of tanks say. Never throws. */
export function observeStores(options: {
  config: Pick<AgentConfig, "appliances" | "site">;
  temperature: ComfortWatch["temperature"];
  store: ObservedStore;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): void {
  const { config, store, clock, log } = options;
  const sensors = new Set(
    config.appliances.flatMap(({ model, temperature }) => (model?.kind === "tank" && temperature ? [temperature.sensor] : [])),
  );
  if (sensors.size === 0) return;
  let slot = slotAt(clock.now(), config.site.slotMinutes);
  const pass = (): void => {
    const nowMs = clock.now();
    if (nowMs < slot.endMs && nowMs >= slot.startMs) return;
    const ended = slot;
    slot = slotAt(nowMs, config.site.slotMinutes);
    // After a jump of the clock nobody knows what belongs to which slot.
    if (ended.endMs !== slot.startMs || !clock.synced()) return;
    for (const sensor of sensors) {
      const found = options.temperature(sensor);
      if (found && found.ageMs <= oldMs) store.add(sensor, { ...ended, value: found.temperatureC });
    }
    store.forget(nowMs - keptMs);
  };
  clock.every(
    everyMs,
    () => {
      try {
        pass();
      } catch (error) {
        log.warn({ code: errorCode(error), error: errorMessage(error) }, "temperatures of the slot are not kept");
      }
    },
    options.signal,
  );
}
