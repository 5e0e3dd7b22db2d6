import { expect, it } from "vitest";
import { applianceConfig } from "../../agent/config/appliance-config.ts";
import { givenEnergy } from "../../agent/given-energy.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openStore } from "../fake/open-store.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-01-14T19:00:00Z");
const boiler = applianceConfig(
  "boiler",
  {
    type: "switched_load",
    kind: "water_heater",
    relay: "r1",
    rated_power_w: 2000,
    min_on_s: 0,
    min_off_s: 0,
    hand_hold_s: 0,
    comfort: { energy_wh_per_day: 4000, not_before: "20:00", ready_by: "06:30", hysteresis_c: 1 },
  },
  () => false,
);

it("goes by the appliance's own meter where it has one, else by what it was set to", () => {
  const db = openStore();
  const [meters, control] = [meterStore(db), controlStore(db)];
  const given = givenEnergy({ meters, control });
  const setting = { mode: "on", powerW: 2000 };
  control.journal({ resource: "boiler", atMs: startMs - hourMs, on: true, setting, reason: "plan" });
  const slot = { meter: "tank", register: "import" as const, quality: "valid" as const, clockSynced: true };
  meters.addSlots(
    [0, 1, 2].map((hour) => ({ ...slot, startMs: startMs + hour * hourMs, endMs: startMs + (hour + 1) * hourMs, wh: 700 })),
  );
  expect(given(boiler, startMs, startMs + 2 * hourMs)).toBe(4000);
  expect(given({ ...boiler, meter: "tank" }, startMs, startMs + 2 * hourMs)).toBe(1400);
  expect(given({ ...boiler, meter: "other" }, startMs, startMs + 2 * hourMs)).toBe(0);
});

it("knows what was set longer ago than a day: a pause of a week has given nothing to an appliance that rests on", () => {
  const db = openStore();
  const control = controlStore(db);
  const given = givenEnergy({ meters: meterStore(db), control });
  const heater = { ...boiler, safe: { mode: "on", powerW: 2000 } };
  const setting = { mode: "off", powerW: 0 };
  control.journal({ resource: "boiler", atMs: startMs - 48 * hourMs, on: false, setting, reason: "pause" });
  expect(given(heater, startMs, startMs + 2 * hourMs)).toBe(0);
});
