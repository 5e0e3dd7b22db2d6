import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import { priceAt } from "../core/message/price-series.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { startPriceKeeper, type PriceState } from "./prices/price-keeper.ts";
import { providerOf } from "./prices/provider-of.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { Db } from "./store/open-database.ts";
import { ownPriceStore } from "./store/own-price-store.ts";
import { startWeatherKeeper, type WeatherKeeper } from "./weather/weather-keeper.ts";
import { weatherProviderOf } from "./weather/weather-provider-of.ts";

/** Prices that the house plans by when it plans alone. */
export interface OwnPrices extends Pick<ControlStore, "prices"> {
  /** Whether the price at an instant was published, or is the pattern of days before. */
  kindAt(atMs: number): "published" | "pattern";
  /** Null where the house gets none by itself. */
  state(): PriceState | null;
}

/**
 * The aggregator's announced prices first, then those that the house gets by itself: the first series that covers a slot
 * binds. Without `prices` in the configuration they are the announced ones alone.
 */
export function openOwnPrices(options: {
  config: AgentConfig;
  db: Db;
  announced: Pick<ControlStore, "prices">;
  atomically: (writes: () => void) => void;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): OwnPrices {
  const { config, db, announced, atomically, clock, log, signal } = options;
  if (!config.prices) return { prices: announced.prices, kindAt: () => "published", state: () => null };
  const { timezone: zone, currency } = config.site;
  const keeper = startPriceKeeper({
    provider: providerOf(config.prices.provider, config.site),
    store: ownPriceStore(db),
    tariffs: config.prices.tariffs,
    currency,
    zone,
    atomically,
    clock,
    log,
    random: Math.random,
    signal,
  });
  return {
    prices(fromMs, toMs) {
      const told = announced.prices(fromMs, toMs);
      try {
        return [...told, ...keeper.known(fromMs, toMs).series];
      } catch (error) {
        log.error({ code: errorCode(error), error: errorMessage(error) }, "own prices cannot be read, planned without");
        return told;
      }
    },
    kindAt(atMs) {
      const isTold = announced.prices(atMs, atMs + 1).some((one) => priceAt(one, "import", atMs) !== undefined);
      return isTold ? "published" : (keeper.known(atMs, atMs + 1).spans[0]?.kind ?? "published");
    },
    state: keeper.state,
  };
}

/** The weather forecast; null where none is configured. */
export function openWeather(options: { config: AgentConfig; clock: Clock; log: Log; signal: AbortSignal }): WeatherKeeper | null {
  const { config, ...rest } = options;
  if (!config.weather) return null;
  const { latitude, longitude } = config.weather;
  return startWeatherKeeper({ ...rest, provider: weatherProviderOf(config.weather), latitude, longitude, random: Math.random });
}
