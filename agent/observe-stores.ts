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

/** The sunshine of a slot as it was foretold when the slot began, W/m²; no sensor can have this name. */
export const sunshineName = "weather/irradiance";

/**
 * Writes down at the end of each slot what the sensors of tanks say, and what sunshine was foretold for it. Never throws.
 * @param options.sunshineWm2 foretold for an instant; undefined where nobody knows
 */
export function observeStores(options: {
  config: Pick<AgentConfig, "appliances" | "site">;
  sunshineWm2: ((atMs: number) => number | undefined) | null;
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
  if (sensors.size === 0 && options.sunshineWm2 === null) return;
  let slot = slotAt(clock.now(), config.site.slotMinutes);
  // A forecast begins with the present: afterwards it says no more what it said of the middle of the slot.
  let foretold: number | undefined;
  const foretell = (): void => {
    foretold ??= options.sunshineWm2?.((slot.startMs + slot.endMs) / 2);
  };
  const pass = (): void => {
    const nowMs = clock.now();
    if (nowMs < slot.endMs && nowMs >= slot.startMs) {
      foretell();
      return;
    }
    const [ended, sunshine] = [slot, foretold];
    slot = slotAt(nowMs, config.site.slotMinutes);
    foretold = undefined;
    foretell();
    // After a jump of the clock nobody knows what belongs to which slot.
    if (ended.endMs !== slot.startMs || !clock.synced()) return;
    for (const sensor of sensors) {
      const found = options.temperature(sensor);
      if (found && found.ageMs <= oldMs) store.add(sensor, { ...ended, value: found.temperatureC });
    }
    if (sunshine !== undefined) store.add(sunshineName, { ...ended, value: sunshine });
    store.forget(nowMs - keptMs);
  };
  clock.every(
    everyMs,
    () => {
      try {
        pass();
      } catch (error) {
        log.warn({ code: errorCode(error), error: errorMessage(error) }, "what was observed in the slot is not kept");
      }
    },
    options.signal,
  );
}
