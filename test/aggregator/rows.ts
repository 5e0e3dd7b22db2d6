import type { MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import type { DatabasePlace } from "../../aggregator/store/database-place.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import { inject, onTestFinished } from "vitest";
import { scratch } from "../fake/scratch.ts";

/** Runs of an agent. */
export const [bootOne, bootTwo] = ["0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01", "7f1f8f0a-2f8e-4f5b-8f11-3d9d5a6b2c02"] as const;
/** 2026-03-01T23:00:00Z, midnight in Amsterdam. */
export const midnightMs = Date.parse("2026-03-01T23:00:00Z");
export const quarterMs = 900_000;

/** Address of a PostgreSQL server, where the tests of this run are over one. */
const postgresUrl = inject("postgresUrl") as string | undefined;

/** A database of the running test alone, of the engine that this run is over. */
export async function scratchPlace(): Promise<DatabasePlace> {
  if (postgresUrl === undefined) return { engine: "sqlite", file: join(scratch("aggregator"), "data.db") };
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  const server = new pg.Client({ connectionString: postgresUrl });
  await server.connect();
  await server.query(`create database ${name}`);
  await server.end();
  const url = new URL(postgresUrl);
  url.pathname = name;
  return { engine: "postgres", url: url.toString() };
}

/** A store of the running test alone. */
export async function scratchStore(): Promise<{
  store: AggregatorStore;
  place: DatabasePlace;
  reopen(): Promise<AggregatorStore>;
}> {
  const place = await scratchPlace();
  let store = await openStore(place);
  onTestFinished(() => store.close());
  return {
    store,
    place,
    async reopen() {
      await store.close();
      store = await openStore(place);
      return store;
    },
  };
}

type Slot = Extract<MeasurementItem, { kind: "slot" }>;

/** A quarter of an hour of the grid meter, `index` quarters after midnight. */
export function slotItem(seq: number, index: number, wh: number, change: Partial<Slot> = {}): Slot {
  return {
    kind: "slot",
    seq,
    meter: "grid",
    role: "grid",
    register: "import",
    start: new Date(midnightMs + index * quarterMs).toISOString(),
    end: new Date(midnightMs + (index + 1) * quarterMs).toISOString(),
    wh,
    quality: "valid",
    clockSynced: true,
    ...change,
  };
}

export function sampleItem(seq: number): MeasurementItem {
  const at = new Date(midnightMs + seq * 1000).toISOString();
  return {
    kind: "sample",
    seq,
    meter: "grid",
    at,
    powerW: 700 + seq,
    importWh: 1000 + seq,
    exportWh: 0,
    quality: "valid",
    clockSynced: true,
  };
}

export function switchItem(seq: number): MeasurementItem {
  return {
    kind: "switch",
    seq,
    resource: "boiler",
    at: new Date(midnightMs).toISOString(),
    on: seq % 2 === 0,
    reason: "cheapest hours",
  };
}

export function message(items: MeasurementItem[], boot: string = bootOne): Measurements {
  return { v: 1, boot, items };
}

/** Readings that a home gave up. */
export function gapItem(seq: number, through: number): MeasurementItem {
  const [from, to] = [seq, through].map((at) => new Date(midnightMs + at * 1000).toISOString());
  return { kind: "gap", seq, through, from: from ?? "", to: to ?? "", reason: "no room" };
}
