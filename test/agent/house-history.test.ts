import { expect, it } from "vitest";
import type { ApplianceConfig } from "../../agent/config/appliance-config.ts";
import { houseHistory } from "../../agent/house-history.ts";
import type { Switching } from "../../agent/store/control-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.parse("2026-01-20T12:00:00Z");
type Wh = (startMs: number) => number;
/** Hours of meters that count what these say, by "meter register". */
const metersOf = (wh: Record<string, Wh>) => ({
  slots: (meter: string, register: "import" | "export", fromMs: number, toMs: number) =>
    Array.from({ length: Math.max(0, Math.floor((toMs - fromMs) / hourMs)) }, (_, index) => fromMs + index * hourMs).flatMap(
      (startMs) => {
        const found = wh[`${meter} ${register}`];
        return found
          ? [
              {
                meter,
                register,
                startMs,
                endMs: startMs + hourMs,
                wh: found(startMs),
                quality: "valid" as const,
                clockSynced: true,
              },
            ]
          : [];
      },
    ),
});
const utcHour = (atMs: number): number => new Date(atMs).getUTCHours();
const site = { timezone: "Europe/Amsterdam", slotMinutes: 60 } as Parameters<typeof houseHistory>[0]["config"]["site"];
const grid = { name: "main", role: "grid" } as Parameters<typeof houseHistory>[0]["config"]["meters"][number];
const roof = { ...grid, name: "roof", role: "pv" } as typeof grid;
const boiler = { name: "boiler", model: null, meter: null, device: { by: "relay" } } as unknown as ApplianceConfig;

function history(options: {
  meters: ReturnType<typeof metersOf>;
  with?: (typeof grid)[];
  appliances?: ApplianceConfig[];
  givenWh?: (fromMs: number) => number;
  switchings?: Switching[];
  observed?: { startMs: number; endMs: number; value: number }[];
}) {
  return houseHistory({
    config: { site, meters: options.with ?? [grid], appliances: options.appliances ?? [] },
    meters: options.meters,
    control: { switchings: () => options.switchings ?? [], lastBefore: () => undefined },
    observed: {
      read: (_, fromMs, toMs) => (options.observed ?? []).filter(({ startMs }) => startMs >= fromMs && startMs < toMs),
    },
    givenWh: (_, fromMs) => options.givenWh?.(fromMs) ?? 0,
  });
}
/** As often as it takes until all days are read. */
const whole = <Item>(read: (nowMs: number) => readonly Item[]): readonly Item[] => {
  for (let count = 0; count < 40; count++) read(nowMs);
  return read(nowMs);
};

it("leaves out what the appliances were given, and reads a day at a time", () => {
  const asked = new Set<number>();
  const { slots } = metersOf({ "main import": () => 300 });
  const { base } = history({
    meters: { slots: (...all) => (asked.add(all[2]), slots(...all)) },
    appliances: [boiler],
    givenWh: (fromMs) => (utcHour(fromMs) === 2 ? 200 : 0),
  });
  expect(base(nowMs)).toHaveLength(24);
  expect(asked.size).toBe(1);
  const all = whole(base);
  expect([all.length, asked.size]).toEqual([14 * 24, 14]);
  expect(all.filter(({ wh }) => wh === 100).map(({ startMs }) => utcHour(startMs))).toEqual(Array.from({ length: 14 }, () => 2));
  // Today is not over.
  expect(Math.max(...all.map(({ startMs }) => startMs))).toBeLessThan(Date.parse("2026-01-19T23:00:00Z"));
});

it("reads yesterday anew when a day has passed", () => {
  const { base } = history({ meters: metersOf({ "main import": () => 300 }) });
  whole(base);
  const later = base(nowMs + dayMs);
  expect(Math.max(...later.map(({ startMs }) => startMs))).toBe(Date.parse("2026-01-20T22:00:00Z"));
  expect(later).toHaveLength(14 * 24);
});

it("adds what the house used of its own PV, and knows what the PV gave until now", () => {
  const noon = (wh: number) => (atMs: number) => (utcHour(atMs) === 11 ? wh : 0);
  const meters = metersOf({
    "main import": (atMs) => (utcHour(atMs) === 11 ? 0 : 300),
    "main export": noon(700),
    "roof export": noon(1000),
    "roof import": () => 0,
  });
  const { base, pv } = history({ meters, with: [grid, roof] });
  expect(new Set(whole(base).map(({ wh }) => wh))).toEqual(new Set([300]));
  const given = whole(pv).filter(({ wh }) => wh > 0);
  expect(new Set(given.map(({ wh }) => wh))).toEqual(new Set([1000]));
  expect(Math.max(...given.map(({ startMs }) => startMs))).toBe(Date.parse("2026-01-20T11:00:00Z"));
});

it("takes what was exported for the PV where that has no meter of its own", () => {
  const { pv } = history({ meters: metersOf({ "main import": () => 0, "main export": () => 250 }) });
  expect(new Set(whole(pv).map(({ wh }) => wh))).toEqual(new Set([250]));
});

it("works out what was drawn from a tank: given, less lost, less what warmed it", () => {
  const model = { kind: "tank" as const, litres: 100, ambientC: 20, lossWPerK: 2, cop: 1, minC: 45, maxC: 75 };
  const tank = { ...boiler, model, temperature: { sensor: "top", band: { hysteresisC: 1 } } };
  const fromMs = Date.parse("2026-01-19T00:00:00Z");
  const celsius = [60, 60, 50];
  const observed = celsius.map((value, hour) => ({
    startMs: fromMs + hour * hourMs,
    endMs: fromMs + (hour + 1) * hourMs,
    value,
  }));
  const { draws } = history({ meters: metersOf({}), appliances: [tank], observed, givenWh: () => 500 });
  const found = whole((at) => draws("boiler", at));
  // 500 Wh in, 80 Wh lost at 60 °C; then 70 Wh lost at 55 °C on average, and 10 K of 100 l taken out.
  expect(found).toEqual([
    { startMs: fromMs + hourMs, endMs: fromMs + 2 * hourMs, wh: 420 },
    { startMs: fromMs + 2 * hourMs, endMs: fromMs + 3 * hourMs, wh: 500 - 70 + 1163 },
  ]);
});

it("knows whether the car was there: while it draws, not before it may and does not, and nothing while it is held off", () => {
  const car = {
    ...boiler,
    name: "car",
    meter: "wallbox",
    device: { by: "driver", config: { type: "ev_charger" } },
    safe: { mode: "off", powerW: 0 },
    modes: [
      { id: "off", minW: 0, maxW: 0 },
      { id: "charge", minW: 1400, maxW: 7000 },
    ],
  } as unknown as ApplianceConfig;
  const day = Date.parse("2026-01-18T23:00:00Z");
  const at = (hour: number, on: boolean): Switching => ({
    resource: "car",
    atMs: day + hour * hourMs,
    on,
    setting: { mode: on ? "charge" : "off", powerW: on ? 7000 : 0 },
    reason: "plan",
  });
  const drew = new Set([18, 19]);
  const { presence } = history({
    meters: metersOf({ "wallbox import": (startMs) => (drew.has((startMs - day) / hourMs) ? 3000 : 5) }),
    appliances: [car],
    switchings: [at(16, true), at(22, false)],
  });
  const ofDay = whole((nowAt) => presence("car", nowAt)).filter(({ startMs }) => startMs >= day && startMs < day + dayMs);
  expect(ofDay.map(({ startMs, there }) => [(startMs - day) / hourMs, there])).toEqual([
    [16, false],
    [17, false],
    [18, true],
    [19, true],
  ]);
});

it("knows the sunshine that was foretold for any instant of the last two weeks and of today", () => {
  const slots = [-20 * 24, -25, -24, -1].map((hours) => ({
    startMs: nowMs + hours * hourMs,
    endMs: nowMs + (hours + 1) * hourMs,
    value: 500 + hours,
  }));
  const { sunshineWm2 } = history({ meters: metersOf({}), observed: slots });
  for (let day = 0; day < 20; day++) sunshineWm2(nowMs);
  const at = (hours: number): number | undefined => sunshineWm2(nowMs)(nowMs + hours * hourMs);
  expect([-20 * 24, -24.5, -23.5, -0.5, 0].map(at)).toEqual([undefined, 475, 476, 499, undefined]);
  // After slot_minutes went from 60 to 15: hours of yesterday, quarters of today.
  const mixed = [...slots.slice(1, 3), { startMs: nowMs - hourMs, endMs: nowMs - 0.75 * hourMs, value: 700 }];
  const both = history({ meters: metersOf({}), observed: mixed }).sunshineWm2;
  for (let day = 0; day < 20; day++) both(nowMs);
  expect([-24.25, -1, -0.8, -0.6].map((since) => both(nowMs)(nowMs + since * hourMs))).toEqual([475, 700, 700, undefined]);
});
