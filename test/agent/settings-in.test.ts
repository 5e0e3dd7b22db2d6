import { expect, it } from "vitest";
import { settingsIn } from "../../agent/settings-in.ts";
import type { Setting } from "../../core/setting.ts";

const hourMs = 3_600_000;
const battery = {
  name: "pack",
  safe: { mode: "auto", powerW: 0 },
  modes: [
    { id: "discharge", minW: -3000, maxW: 0 },
    { id: "auto", minW: 0, maxW: 0 },
    { id: "charge", minW: 0, maxW: 3000 },
  ],
};
const boiler = {
  ...battery,
  name: "boiler",
  modes: [
    { id: "off", minW: 0, maxW: 0 },
    { id: "on", minW: 2000, maxW: 2000 },
  ],
};
const set = (resource: string, atMs: number, setting: Setting | null, on = true) => ({
  resource,
  atMs,
  on,
  setting,
  reason: "plan",
});

it("counts what a battery was told to take and to give, each for itself", () => {
  const told = [
    set("pack", -5 * hourMs, { mode: "charge", powerW: 2000 }),
    set("boiler", hourMs / 4, { mode: "on", powerW: 2000 }),
    set("pack", hourMs / 2, { mode: "discharge", powerW: -1000 }),
    set("pack", (hourMs * 3) / 4, { mode: "auto", powerW: 0 }),
    set("pack", 2 * hourMs, { mode: "charge", powerW: 3000 }),
  ];
  expect(settingsIn(battery, told, 0, hourMs).toldWh).toEqual({ charge: 1000, discharge: 250 });
});

it.each<[string, ReturnType<typeof set>[], number]>([
  ["held by its safe state where nothing was switched", [], hourMs],
  ["free since before", [set("boiler", -1, { mode: "on", powerW: 2000 })], 0],
  [
    "held for a part",
    [set("boiler", -1, { mode: "on", powerW: 2000 }), set("boiler", hourMs / 3, null, false)],
    (hourMs * 2) / 3,
  ],
  ["free by a row of an older release", [set("boiler", 0, null, true)], 0],
  ["held below its full power", [set("boiler", 0, { mode: "on", powerW: 1999 })], hourMs],
])("says that an appliance is %s", (_, switchings, heldMs) => {
  expect(settingsIn(boiler, switchings, 0, hourMs).heldMs).toBe(heldMs);
});
