const hourMs = 3_600_000;

/** Zones of meters' clocks by their winter time. Lithuania and Finland are EET, Ireland is WET. */
export const meterZones = ["WET", "CET", "EET"] as const;
export type MeterZone = (typeof meterZones)[number];

/** What winter time is ahead of UTC, ms; summer time is an hour more. */
export const winterAheadMs: Record<MeterZone, number> = { WET: 0, CET: hourMs, EET: 2 * hourMs };
