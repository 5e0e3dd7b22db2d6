import { expect, it } from "vitest";
import { p1Reading } from "../../../../drivers/meter/dsmr/p1-reading.ts";
import type { Reading } from "../../../../core/reading.ts";
import { errorCode } from "../../../../core/app-error.ts";
import { dsmr2Lines, dsmr5Lines, telegram } from "../../../fake/p1-telegram.ts";

const context = { meter: "grid", zone: "CET" as const, checked: true, receivedMs: 5, clockSynced: true };
const read = (lines: string[]): Reading => p1Reading(telegram(lines), context);
/** The DSMR 5 telegram with one line replaced, or left out. */
const changed = (code: string, line?: string): Reading =>
  read(dsmr5Lines.flatMap((old) => (old.startsWith(code) ? (line === undefined ? [] : [line]) : [old])));

it("reads a DSMR 5 telegram", () => {
  expect(read(dsmr5Lines)).toEqual({
    meter: "grid",
    meterId: "TEST000000123",
    receivedMs: 5,
    meterMs: Date.parse("2026-01-14T18:15:10Z"),
    clockSynced: true,
    quality: "valid",
    importWh: 3_580_245,
    exportWh: 358_002,
    tariffs: { "1": { importWh: 1_234_567, exportWh: 12_003 }, "2": { importWh: 2_345_678, exportWh: 345_999 } },
    powerW: 3215,
    phases: [
      { voltageV: 229.8, currentA: 11, powerW: 2815 },
      { voltageV: 231.2, currentA: 2, powerW: 600 },
      { voltageV: 230.5, currentA: 1, powerW: -200 },
    ],
    subMeters: [
      { channel: 1, medium: "gas", id: "TESTGAS000789", value: 456.789, unit: "m3", atMs: Date.parse("2026-01-14T18:15:00Z") },
    ],
    activeTariff: { number: "2", meaning: "normal" },
    powerFailures: { log: [{ endMs: 1_766_544_310_000, seconds: 301 }] },
  } satisfies Reading);
});

it("reads a DSMR 2.2 telegram: no time, gas on two lines", () => {
  const reading = read(dsmr2Lines);
  expect(reading).toMatchObject({ meterMs: null, importWh: 300_003, exportWh: 0, powerW: 510, phases: [] });
  expect(reading.subMeters).toEqual([{ channel: 1, medium: "gas", id: "00000022", value: 77.125, unit: "m3", atMs: null }]);
});

it("takes the totals where the meter gives them, also in Wh", () => {
  const reading = read(["/EST5x", "", "1-0:1.8.0(006545766*Wh)", "1-0:1.7.0(000000286*W)", "1-0:2.8.0(58*Wh)", "1-0:2.7.0(0*W)"]);
  expect(reading).toMatchObject({ importWh: 6_545_766, exportWh: 58, tariffs: {}, powerW: 286 });
});

it("reads electricity on channel 1, as Swiss meters send it", () => {
  const reading = read(dsmr5Lines.map((line) => line.replace(/^1-0:/, "1-1:")));
  expect(reading).toEqual(read(dsmr5Lines));
});

it("shows feeding in as negative power", () => {
  const lines = dsmr5Lines.map((line) =>
    line.replace("1.7.0(03.215", "1.7.0(00.000").replace("1-0:2.7.0(00.000", "1-0:2.7.0(01.250"),
  );
  expect(read(lines).powerW).toBe(-1250);
});

it("gives no total and is suspect when one tariff line is hurt", () => {
  expect(changed("1-0:1.8.2", "1-0:1.8.2(00?345.678*kWh)")).toMatchObject({
    importWh: null,
    exportWh: 358_002,
    quality: "suspect",
  });
  expect(changed("1-0:1.8.1", "1-0:1.9.1(001234.567*kWh)")).toMatchObject({ importWh: null, quality: "suspect" });
  expect(changed("1-0:1.8.2", "1-0:1.8.2(002345.678*kWh")).toMatchObject({ importWh: null, quality: "suspect" });
});

it("gives no power, rather than half of it, when one power line is hurt", () => {
  expect(changed("1-0:2.7.0", "1-0:2.7.0(0x.000*kW)").powerW).toBeNull();
  expect(changed("1-0:1.7.0").powerW).toBeNull();
});

it("keeps the telegram when a sub-meter line is bad, and drops only that sub-meter", () => {
  expect(changed("0-1:24.2.1", "0-1:24.2.1(632525252525W)(00456.789*m3)").subMeters[0]).toMatchObject({
    atMs: null,
    value: 456.789,
  });
  expect(changed("0-1:24.2.1", "0-1:24.2.1()()")).toMatchObject({ quality: "valid", importWh: 3_580_245, subMeters: [] });
});

it("tells gas, water and heat by device type, not by channel", () => {
  const reading = read([
    ...dsmr5Lines,
    "0-2:24.1.0(007)",
    "0-2:96.1.1(54455354574154303031)",
    "0-2:24.2.1(260114191000W)(00872.234*m3)",
    "0-3:24.1.0(004)",
    "0-3:24.2.1(260114191000W)(240.860*GJ)",
    "0-4:24.1.0(003)",
    "0-4:24.2.3(260114191000W)(00012.500*m3)",
    "0-5:24.2.1(260114191000W)(00001.000*m3)",
  ]);
  expect(reading.subMeters.map(({ channel, medium, value }) => [channel, medium, value])).toEqual([
    [1, "gas", 456.789],
    [2, "water", 872.234],
    [3, "heat", 240.86],
    [4, "gas", 12.5],
    [5, "other", 1],
  ]);
});

it("accepts codes with a sixth part", () => {
  expect(read(["/x", "1-0:1.8.0*255(1.5*kWh)", "1-0:32.7.0.255(230.0*V)"])).toMatchObject({
    importWh: 1500,
    phases: [{ voltageV: 230 }],
  });
});

it("marks a figure that cannot be as suspect", () => {
  expect(changed("1-0:32.7.0", "1-0:32.7.0(999.9*V)").quality).toBe("suspect");
});

it("refuses a telegram that says nothing about energy", () => {
  let code = "";
  try {
    read(["/x", "", "0-0:1.0.0(260114191510W)"]);
  } catch (error) {
    code = errorCode(error);
  }
  expect(code).toBe("meter-impossible-reading");
});
