import { expect, it } from "vitest";
import { applianceConfig } from "../../../agent/config/appliance-config.ts";
import { closeBaselines, type ApplianceSlot } from "../../../agent/savings/close-baselines.ts";

const zone = "Europe/Amsterdam";
const lengthMs = 900_000;
const plain = { type: "switched_load", kind: "water_heater", relay: "r1", rated_power_w: 2000 } as const;
const rests = { min_on_s: 0, min_off_s: 0, hand_hold_s: 0 };
const boiler = applianceConfig(
  "boiler",
  { ...plain, ...rests, comfort: { energy_wh_per_day: 1200, not_before: "20:00", ready_by: "21:30", hysteresis_c: 1 } },
  () => false,
);
const pump = applianceConfig(
  "pump",
  { ...plain, ...rests, kind: "heat_pump", comfort: { max_block_s: 5400, min_free_s: 5400, hysteresis_c: 1 } },
  () => true,
);

/** Slots in a row; "500h" is one that was held. */
function drawn(startMs: number, ...figures: (string | null)[]): ApplianceSlot[] {
  return figures.map((figure, at) => ({
    resource: "one",
    startMs: startMs + at * lengthMs,
    endMs: startMs + (at + 1) * lengthMs,
    actualWh: figure === null ? null : Number.parseInt(figure, 10),
    held: figure === null || figure.endsWith("h"),
    fillWh: null,
    baselineWh: null,
    spanMs: startMs + at * lengthMs,
    state: "open",
  }));
}
const told = (slots: readonly ApplianceSlot[]) => slots.map(({ state, baselineWh }) => (state === "final" ? baselineWh : state));

/** 20:00 in winter. */
const eveningMs = Date.parse("2026-01-14T19:00:00Z");

it("leaves a window open until it is over, then takes its energy at once from its opening", () => {
  const slots = drawn(eveningMs, "0h", "0h", "0h", "500", "500", "200");
  expect(told(closeBaselines(boiler, zone, slots.slice(0, 5)))).toEqual(["open", "open", "open", "open", "open"]);
  const closed = closeBaselines(boiler, zone, slots);
  expect(told(closed)).toEqual([500, 500, 200, 0, 0, 0]);
  expect(new Set(closed.map(({ spanMs }) => spanMs))).toEqual(new Set([eveningMs]));
});

it("leaves what runs between windows as it is, at once", () => {
  expect(told(closeBaselines(boiler, zone, drawn(eveningMs - 2 * lengthMs, "300h")))).toEqual([300]);
});

it("says unknown of a window that it did not see whole", () => {
  expect(told(closeBaselines(boiler, zone, drawn(eveningMs + 2 * lengthMs, "0h", "500", "500", "200")))).toEqual(
    Array(4).fill("unknown"),
  );
  const hole = drawn(eveningMs, "0h", "0h", null, "500", "500", "200");
  expect(told(closeBaselines(boiler, zone, hole))).toEqual(Array(6).fill("unknown"));
  const gap = drawn(eveningMs, "0h", "0h", "0h", "500", "500", "200").toSpliced(1, 1);
  expect(told(closeBaselines(boiler, zone, gap))).toEqual(Array(5).fill("unknown"));
});

it("says unknown of a window whose end was missed, once the next slot is there", () => {
  const slots = [...drawn(eveningMs, "0h", "0h"), ...drawn(eveningMs + 8 * lengthMs, "100")];
  expect(told(closeBaselines(boiler, zone, slots))).toEqual(["unknown", "unknown", 100]);
});

it("knows windows on the day when clocks go back", () => {
  const night = { ...boiler, demand: { kind: "energy", energyWh: 1, notBefore: "00:00", readyBy: "06:00" } as const };
  const startMs = Date.parse("2026-10-24T22:00:00Z");
  const slots = drawn(startMs, ...Array<string>(24).fill("0h"), ...Array<string>(4).fill("500"));
  expect(told(closeBaselines(night, zone, slots.slice(0, 27)))).toContain("open");
  expect(told(closeBaselines(night, zone, slots))).toEqual([...Array<number>(4).fill(500), ...Array<number>(24).fill(0)]);
});

it("takes a block and as long after it together", () => {
  const slots = drawn(eveningMs, "300", "0h", "0h", "500", "400", "310");
  expect(told(closeBaselines(pump, zone, slots.slice(0, 1)))).toEqual([300]);
  expect(told(closeBaselines(pump, zone, slots.slice(0, 4)))).toEqual([300, "open", "open", "open"]);
  expect(told(closeBaselines(pump, zone, slots))).toEqual([300, 225, 225, 225, 225, 310]);
});

it("ends a recovery where the next block begins", () => {
  expect(told(closeBaselines(pump, zone, drawn(eveningMs, "0h", "0h", "600", "0h")))).toEqual([200, 200, 200, "open"]);
});

it("does not guess what an unmeasured thermostat drew, and needs no figure while it is left alone", () => {
  const slots = drawn(eveningMs, null, null, null).map((slot, at) => ({ ...slot, held: at === 1 }));
  expect(told(closeBaselines(pump, zone, slots))).toEqual([null, "unknown", "unknown"]);
});

it("does not wait for ever for a pump that is kept off: after a day nothing was moved", () => {
  const closed = closeBaselines(pump, zone, drawn(eveningMs, ...Array<string>(97).fill("0h")));
  expect(told(closed)).toEqual([...Array<number>(96).fill(0), "open"]);
});

it("lets a battery idle by itself", () => {
  const battery = { ...pump, demand: null };
  expect(told(closeBaselines(battery, zone, drawn(eveningMs, "500", "-400", null)))).toEqual([0, 0, null]);
});
