import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { AgentConfig } from "../../agent/config/agent-config.ts";
import { observeStores } from "../../agent/observe-stores.ts";
import { observedStore } from "../../agent/store/observed-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";

const startMs = Date.parse("2026-01-14T20:01:00Z");
const minuteMs = 60_000;

function observing() {
  const db = openDatabase(join(scratch("observed"), "data.db"));
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => {
    ending.abort();
    db.close();
  });
  const now = { temperatureC: 60, ageMs: 0, sunshine: undefined as number | undefined };
  const asked: number[] = [];
  const model = { kind: "tank" };
  const boiler = { name: "boiler", model, temperature: { sensor: "top" } };
  const config = { site: { slotMinutes: 15 }, appliances: [boiler] } as unknown as Pick<AgentConfig, "appliances" | "site">;
  const store = observedStore(db);
  const sunshineWm2 = (atMs: number): number | undefined => {
    asked.push(atMs);
    return now.sunshine;
  };
  observeStores({ config, temperature: () => now, sunshineWm2, store, clock, log: silentLog(), signal: ending.signal });
  const kept = (name = "top") =>
    store.read(name, 0, 4e12).map(({ startMs: at, value }) => [new Date(at).toISOString().slice(11, 16), value]);
  return { clock, now, kept, asked };
}

it("writes down what a tank's sensor says at the end of each slot", async () => {
  const { clock, now, kept } = observing();
  await clock.advance(14 * minuteMs);
  now.temperatureC = 55;
  await clock.advance(15 * minuteMs);
  expect(kept()).toEqual([
    ["20:00", 60],
    ["20:15", 55],
  ]);
});

it("writes nothing of a sensor that has said nothing for two minutes", async () => {
  const { clock, now, kept } = observing();
  now.ageMs = 120_001;
  await clock.advance(16 * minuteMs);
  expect(kept()).toEqual([]);
});

it("writes down the sunshine that was foretold for the middle of a slot when the slot began", async () => {
  const { clock, now, kept, asked } = observing();
  now.sunshine = 300;
  await clock.advance(13 * minuteMs);
  now.sunshine = 500;
  await clock.advance(2 * minuteMs);
  now.sunshine = 700;
  await clock.advance(15 * minuteMs);
  expect(kept("weather/irradiance")).toEqual([
    ["20:00", 300],
    ["20:15", 500],
  ]);
  expect([...new Set(asked)].slice(0, 2)).toEqual([startMs + 6.5 * minuteMs, startMs + 21.5 * minuteMs]);
});

it("writes no sunshine down that nobody foretold", async () => {
  const { clock, kept } = observing();
  await clock.advance(30 * minuteMs);
  expect(kept("weather/irradiance")).toEqual([]);
});
