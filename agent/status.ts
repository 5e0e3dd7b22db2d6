import { z } from "zod";
import { iso, type Clock } from "../core/clock/clock.ts";
import { Instant } from "../core/message/fields.ts";
import { MeterRole } from "../core/message/measurements.ts";
import { ConfigReport } from "../core/message/remote-config.ts";
import { OverrideMode } from "../core/message/resource.ts";
import { Quality } from "../core/reading.ts";
import type { Collector } from "./collect/collector.ts";
import type { ComfortWatch } from "./comfort.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ControlLoop } from "./control-loop.ts";
import type { ExchangeRoom } from "./exchange/exchange-room.ts";
import type { Override } from "./plan/override.ts";
import type { PriceState } from "./prices/price-keeper.ts";
import type { GridRoom } from "./publish/grid-room.ts";
import type { AggregatorRoom } from "./publish/aggregator-room.ts";
import type { Outbox } from "./store/outbox.ts";
import type { RecordStore } from "./store/record-store.ts";
import type { WeatherState } from "./weather/weather-keeper.ts";

const count = z.int().nonnegative();

/** How the agent stands, as `smart-mla status` shows it. Energy in Wh, power in W. */
export const AgentStatus = z.object({
  site: z.string(),
  /** UTC instant. */
  at: Instant,
  meters: z.array(
    z.object({
      name: z.string(),
      role: MeterRole,
      powerW: z.int().nullable(),
      importWh: z.int().nullable(),
      exportWh: z.int().nullable(),
      quality: Quality,
      ageS: z.int(),
    }),
  ),
  appliances: z.array(
    z.object({
      name: z.string(),
      on: z.boolean(),
      /** Operation mode, and what it lets the appliance draw at most, W. */
      mode: z.string(),
      powerW: z.number(),
      reason: z.string(),
      /** Why it does not do what it is told; absent where it does. */
      alarm: z.string().optional(),
      planUntil: z.string().nullable(),
    }),
  ),
  sensors: z.array(
    z.object({
      name: z.string(),
      /** Newest temperature, °C, and its age; null before the first. */
      temperatureC: z.number().nullable(),
      ageS: z.int().nullable(),
    }),
  ),
  readings: count,
  /** Rows that wait for a receipt; rows ever made and ever receipted, over all runs. */
  buffered: count,
  rows: count,
  delivered: count,
  /** Id of the aggregator; null where none is configured. */
  aggregator: z.string().nullable(),
  connected: z.boolean(),
  heartbeatAgeS: z.int().nullable(),
  /** Channel of the grid operator; absent where none is configured. */
  gridLimit: z.object({ state: z.enum(["failsafe", "limited", "unlimited"]), limitW: z.int().nullable() }).optional(),
  /** Prices that the house gets by itself; absent where none are configured. */
  prices: z
    .object({
      provider: z.string(),
      /** published: all that is due. pattern: days before stand in for some. none: some is not known at all. */
      state: z.enum(["published", "pattern", "none"]),
      publishedUntil: Instant.nullable(),
      fetchedAt: Instant.nullable(),
      /** Why the last fetch failed; null where it did not. */
      failure: z.object({ code: z.string(), message: z.string() }).nullable(),
      /** Prices of the last answer that were left out. */
      gaps: count,
    })
    .optional(),
  /** Weather forecast; absent where none is configured. */
  weather: z
    .object({
      provider: z.string(),
      until: Instant.nullable(),
      fetchedAt: Instant.nullable(),
      failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    })
    .optional(),
  /** Settings from afar; absent where there are none and none have failed. */
  remote: ConfigReport.pick({ revision: true, state: true, config: true, failed: true }).optional(),
  /** What the residents said and still holds. */
  overrides: z.array(z.object({ resource: z.string(), mode: OverrideMode, until: Instant })),
  switches: count,
  settlements: z.object({
    signed: count,
    countersigned: count,
    disputed: count,
    /** The aggregator is not followed: two countersignatures in a row are missing. */
    hasLeft: z.boolean(),
  }),
  /** Orders and records at the exchange in this run; absent where none is configured. */
  exchange: z
    .object({
      placed: count,
      refused: count,
      signed: count,
      disputed: count,
      /** Nothing is ordered: two countersignatures in a row are missing, or a record was hidden. */
      hasLeft: z.boolean(),
      /** Nothing is ordered: a trade that was delivered by then is in no record that both have signed. */
      unsettledSince: Instant.nullable(),
      /** Code of what failed in the last round; null where nothing did. */
      failure: z.string().nullable(),
    })
    .optional(),
  /** Refused frames and messages by code. */
  rejected: z.record(z.string(), count),
  memoryMiB: count,
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** Reads it from the parts that know it. */
export function agentStatus(parts: {
  config: AgentConfig;
  clock: Clock;
  collector: Collector;
  loop: ControlLoop;
  comfort: ComfortWatch;
  outbox: Outbox;
  room: AggregatorRoom | null;
  records: RecordStore;
  rejected: Record<string, number>;
  switches: number;
  overrides: readonly Override[];
  grid: GridRoom | null;
  prices: PriceState | null;
  exchange: ReturnType<ExchangeRoom["state"]> | null;
  weather: WeatherState | null;
  remote: ConfigReport;
}): AgentStatus {
  const { config, clock, collector, loop, outbox, room } = parts;
  const lists = room?.instructions();
  const totals = outbox.totals();
  const heartbeatAgeMs = room?.heartbeatAgeMs() ?? Infinity;
  return {
    site: config.site.name,
    at: iso(clock.now()),
    meters: config.meters.flatMap(({ name, role }) => {
      const latest = collector.latest(name);
      if (!latest) return [];
      const { powerW, importWh, exportWh, quality } = latest.reading;
      return [{ name, role, powerW, importWh, exportWh, quality, ageS: Math.round(latest.ageMs / 1000) }];
    }),
    appliances: loop.now().map(({ resource, on, setting, reason, alarm }) => ({
      name: resource,
      on,
      ...setting,
      reason,
      ...(alarm !== undefined && { alarm }),
      planUntil: lists?.get(resource)?.instructions.at(-1)?.validUntil ?? null,
    })),
    sensors: config.sensors.map(({ name }) => {
      const found = parts.comfort.temperature(name);
      return { name, temperatureC: found?.temperatureC ?? null, ageS: found ? Math.round(found.ageMs / 1000) : null };
    }),
    readings: collector.readings(),
    buffered: outbox.size(),
    rows: totals.added,
    delivered: totals.delivered,
    aggregator: config.aggregator?.id ?? null,
    connected: room?.connected() ?? false,
    heartbeatAgeS: Number.isFinite(heartbeatAgeMs) ? Math.round(heartbeatAgeMs / 1000) : null,
    ...(parts.grid && { gridLimit: { state: parts.grid.state(), limitW: parts.grid.limitW() } }),
    ...(parts.prices && { prices: pricesNow(parts.prices) }),
    ...(parts.weather && { weather: weatherNow(parts.weather) }),
    ...remoteNow(parts.remote),
    overrides: parts.overrides
      .filter(({ untilMs }) => untilMs > clock.now())
      .map(({ resource, mode, untilMs }) => ({ resource, mode, until: iso(untilMs) })),
    switches: parts.switches,
    settlements: { ...parts.records.counts(), disputed: room?.settled().disputed ?? 0, hasLeft: room?.hasLeft() ?? false },
    ...(parts.exchange && { exchange: parts.exchange }),
    rejected: parts.rejected,
    memoryMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
  };
}

function remoteNow({ revision, state, config, failed }: ConfigReport): Pick<AgentStatus, "remote"> {
  return revision === null && failed === null ? {} : { remote: { revision, state, config, failed } };
}

const isoOrNull = (atMs: number | null): string | null => (atMs === null ? null : iso(atMs));

function pricesNow({ publishedUntilMs, fetchedMs, ...state }: PriceState): NonNullable<AgentStatus["prices"]> {
  return { ...state, publishedUntil: isoOrNull(publishedUntilMs), fetchedAt: isoOrNull(fetchedMs) };
}

function weatherNow({ provider, untilMs, fetchedMs, failure }: WeatherState): NonNullable<AgentStatus["weather"]> {
  return { provider, until: isoOrNull(untilMs), fetchedAt: isoOrNull(fetchedMs), failure };
}
