import { expect, it, onTestFinished } from "vitest";
import Database from "better-sqlite3";
import { agentConfigFromYaml } from "../../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";
import type { AgentConfig } from "../../../agent/config/agent-config.ts";
import { keepSavings } from "../../../agent/savings/keep-savings.ts";
import { savingsLines, sumOfLines } from "../../../agent/savings/savings-ledger.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { savingsStore } from "../../../agent/store/savings-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { agentHouse, houseStartMs } from "../../fake/agent-house.ts";
import { openStore } from "../../fake/open-store.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";

/** 20:00 in Amsterdam, winter. */
const startMs = Date.parse("2026-01-14T19:00:00Z");
const quarterMs = 900_000;
const on = { mode: "on", powerW: 2000 };
const off = { mode: "off", powerW: 0 };

/** A house with a boiler that has a meter of its own, and a store that a test fills; keeping begins at 20:00. */
function keeping(furnish: (config: AgentConfig) => AgentConfig = (given) => given) {
  const yaml = AgentYaml.parse({
    version: 1,
    site: {
      name: "Test home",
      timezone: "Europe/Amsterdam",
      currency: "EUR",
      grid: { phases: 1, fuse_a: 25, max_import_w: 5000 },
    },
    buses: { p1: { type: "tcp", host: "127.0.0.1", port: 1 }, lan: { type: "modbus_tcp", host: "127.0.0.1", port: 2 } },
    meters: {
      grid: { role: "grid", driver: "dsmr", bus: "p1" },
      tank: { role: "load", driver: "eastron_sdm630", bus: "lan", unit_id: 2 },
    },
    relays: { r1: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 0, on_boot: "open" } },
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "r1",
        rated_power_w: 2000,
        meter: "tank",
        comfort: { energy_wh_per_day: 2000, not_before: "20:00", ready_by: "23:00" },
      },
    },
    storage: { path: "data.db" },
  });
  const db = openStore();
  const [store, meters, control] = [savingsStore(db), meterStore(db), controlStore(db)];
  const clock = fakeClock(startMs);
  const log = silentLog();
  const kind: { now: "published" | "pattern" } = { now: "published" };
  const begin = (): void => {
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const atomically = (writes: () => void): void => db.transaction(writes)();
    const config = furnish(agentConfigFromYaml(yaml, scratch("test")));
    const prices = { prices: control.prices, kindAt: () => kind.now };
    keepSavings({ config, store, meters, control, prices, atomically, clock, log, signal: ending.signal });
  };
  begin();
  const price = (fromMs: number, ...euro: number[]): void =>
    control.savePrices({
      v: 1,
      currency: "EUR",
      start: new Date(fromMs).toISOString(),
      stepS: 3600,
      importPerKwh: euro.map((one) => String(Math.round(one * 1e6))),
      exportPerKwh: euro.map(() => "50000"),
    });
  const meter = (name: string, at: number, wh: number): void =>
    void meters.addSlots([
      {
        meter: name,
        register: "import",
        startMs: startMs + at * quarterMs,
        endMs: startMs + (at + 1) * quarterMs,
        wh,
        quality: "valid",
        clockSynced: true,
      },
    ]);
  return {
    store,
    clock,
    price,
    begin,
    meter,
    set: (at: number, setting: typeof on): void =>
      control.journal({ resource: "boiler", atMs: startMs + at * quarterMs, on: setting === on, setting, reason: "plan" }),
    /** Meters say what was drawn in a quarter of an hour, and time goes on to its end and a minute more. */
    async quarter(at: number, tankWh: number): Promise<void> {
      await clock.advance(startMs + (at + 1) * quarterMs - clock.now());
      meter("grid", at, 100 + tankWh);
      meter("tank", at, tankWh);
      await clock.advance(60_000);
    },
    priced(as: typeof kind.now): void {
      kind.now = as;
    },
    shifting: (): bigint =>
      sumOfLines(
        savingsLines(store.slots(0, 1e15), [], { fromMs: startMs, toMs: startMs + 96 * quarterMs, zone: "Europe/Amsterdam" }),
      ).shiftingMicro,
  };
}

/** Off until 22:00, then an hour of 2 kW. */
async function lateRun(house: ReturnType<typeof keeping>): Promise<void> {
  house.set(0, off);
  house.set(8, on);
  for (let at = 0; at < 12; at++) await house.quarter(at, at < 8 ? 0 : 500);
}

it("says of each slot whether its price was published or the pattern of days before", async () => {
  const house = keeping();
  house.price(startMs, 0.4);
  await house.quarter(0, 0);
  house.priced("pattern");
  await house.quarter(1, 0);
  expect(house.store.slots(0, 1e15).map(({ pricedBy }) => pricedBy)).toEqual(["published", "pattern"]);
});

it("keeps each slot with its price, its energy and what the appliance would have done", async () => {
  const house = keeping();
  house.price(startMs, 0.4, 0.3, 0.2);
  await lateRun(house);
  const slots = house.store.slots(0, 1e15);
  expect(slots).toHaveLength(12);
  expect(slots[0]).toEqual({
    startMs,
    endMs: startMs + quarterMs,
    importMicro: 400_000n,
    exportMicro: 50_000n,
    pricedBy: "published",
    importWh: 100,
    exportWh: null,
    pvWh: null,
    estimated: false,
    appliances: [
      {
        resource: "boiler",
        startMs,
        endMs: startMs + quarterMs,
        actualWh: 0,
        held: true,
        fillWh: null,
        baselineWh: 500,
        spanMs: startMs,
        state: "final",
      },
    ],
  });
  // 2 kWh at 0.20 instead of 0.40.
  expect(house.shifting()).toBe(400_000n);
});

it("gives exactly 0 where the boiler ran at once, and shows the loss where later was dearer", async () => {
  const once = keeping();
  once.price(startMs, 0.4, 0.3, 0.2);
  once.set(0, on);
  for (let at = 0; at < 12; at++) await once.quarter(at, [500, 480, 450, 120][at] ?? 0);
  expect(once.shifting()).toBe(0n);
  const dear = keeping();
  dear.price(startMs, 0.2, 0.3, 0.4);
  await lateRun(dear);
  expect(dear.shifting()).toBe(-400_000n);
});

it("does not alter what is kept when other prices come later", async () => {
  const house = keeping();
  house.price(startMs, 0.4, 0.3, 0.2);
  await lateRun(house);
  const before = house.store.slots(0, 1e15);
  house.price(startMs - 3_600_000, 9, 9, 9, 9, 9, 9, 9);
  for (let at = 12; at < 16; at++) await house.quarter(at, 0);
  house.begin();
  await house.clock.advance(600_000);
  expect(house.store.slots(0, startMs + 12 * quarterMs)).toEqual(before);
  expect(house.store.slots(startMs + 12 * quarterMs, 1e15).map(({ importMicro }) => importMicro)).toEqual(
    Array(4).fill(9_000_000n),
  );
});

it("goes on after a restart where it left off", async () => {
  const house = keeping();
  house.price(startMs, 0.4, 0.3, 0.2);
  for (let at = 0; at < 3; at++) await house.quarter(at, 0);
  for (const at of [3, 4, 5]) {
    house.meter("grid", at, 100);
    house.meter("tank", at, 0);
  }
  await house.clock.advance(3 * quarterMs);
  house.begin();
  await house.clock.advance(60_000);
  expect(house.store.slots(0, 1e15).map((slot) => (slot.startMs - startMs) / quarterMs)).toEqual([0, 1, 2, 3, 4, 5]);
});

it("waits two hours for a silent meter, then leaves a hole that stays one, and the window counts for nothing", async () => {
  const house = keeping();
  house.price(startMs, 0.4, 0.3, 0.2);
  house.set(0, off);
  house.set(8, on);
  for (let at = 0; at < 12; at++) {
    house.meter("grid", at, at < 8 ? 100 : 600);
    if (at !== 2) house.meter("tank", at, at < 8 ? 0 : 500);
  }
  await house.clock.advance(quarterMs * 10);
  expect(house.store.slots(0, 1e15)).toHaveLength(2);
  await house.clock.advance(quarterMs * 10);
  expect(house.store.slots(0, 1e15)).toHaveLength(12);
  house.meter("tank", 2, 0);
  await house.clock.advance(quarterMs);
  const states = house.store.slots(0, startMs + 12 * quarterMs).flatMap(({ appliances }) => appliances.map(({ state }) => state));
  expect([new Set(states), house.shifting()]).toEqual([new Set(["unknown"]), 0n]);
});

it("keeps nothing while nobody knows the time, and all of it afterwards", async () => {
  const house = keeping();
  house.clock.setSynced(false);
  await house.quarter(0, 0);
  expect(house.store.keptUntil()).toBeNull();
  house.clock.setSynced(true);
  await house.quarter(1, 0);
  await house.quarter(2, 0);
  expect(house.store.keptUntil()).toBe(startMs + 3 * quarterMs);
});

it("takes a battery's word for what it was told, values its fill, and measures PV whichever way its meter is wired", async () => {
  const furnish = (config: AgentConfig): AgentConfig => {
    const [boiler] = config.appliances;
    if (!boiler) throw new Error("no boiler");
    const modes = [
      { id: "discharge", minW: -3000, maxW: 0 },
      { id: "auto", minW: 0, maxW: 0 },
      { id: "charge", minW: 0, maxW: 3000 },
    ];
    const [auto, batteryOnly] = [{ mode: "auto", powerW: 0 }, { type: "battery" } as never];
    const device = { by: "driver" as const, config: batteryOnly };
    const sun = config.meters.map((meter) => ({ ...meter, role: meter.role === "load" ? ("pv" as const) : meter.role }));
    return { ...config, meters: sun, appliances: [{ ...boiler, device, modes, safe: auto, meter: null, demand: null }] };
  };
  const house = keeping(furnish);
  house.price(startMs, 0.4);
  house.set(0, { mode: "charge", powerW: 2000 });
  house.set(1, { mode: "auto", powerW: 0 });
  await house.quarter(0, 700);
  await house.quarter(1, 0);
  const [first, second] = house.store.slots(0, 1e15);
  expect(first).toMatchObject({ pvWh: 700, estimated: true });
  expect(first?.appliances).toMatchObject([{ actualWh: 500, baselineWh: 0, fillWh: 475, state: "final" }]);
  expect(second?.appliances).toMatchObject([{ actualWh: null, baselineWh: null, fillWh: 0, state: "final" }]);
  // 0.5 kWh more at 0.40, 0.475 kWh more in it.
  expect(house.shifting()).toBe(-200_000n + 190_000n);
});

it("is done by a running agent", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  const db = new Database(house.databaseFile, { readonly: true });
  onTestFinished(() => void db.close());
  const prices = {
    v: 1,
    currency: "EUR",
    start: "2026-04-02T10:00:00Z",
    stepS: 3600,
    importPerKwh: ["250000"],
    exportPerKwh: ["0"],
  };
  await house.down("price", await house.sign("price", prices));
  await until("the price was heard", () => db.prepare("select 1 from price_series").get() !== undefined);
  for (let minute = 0; minute <= 47; minute++) {
    await house.hear(agent, 100_000 + minute * 20);
    await house.clock.advance(60_000);
  }
  const kept = () => savingsStore(db).slots(0, 1e15);
  await until("three slots are kept", () => kept().length === 3);
  expect(kept()[0]).toMatchObject({
    startMs: houseStartMs,
    importWh: 300,
    exportWh: 0,
    importMicro: 250_000n,
    pricedBy: "published",
  });
  expect(kept()[0]?.appliances).toMatchObject([
    { resource: "boiler", actualWh: 0, baselineWh: 0, state: "final" },
    { resource: "pump", actualWh: null, held: false, state: "final" },
  ]);
});
