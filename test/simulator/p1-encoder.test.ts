import { expect, it } from "vitest";
import { house, newHouse } from "../../simulator/house/house.ts";
import { houseTelegram } from "../../simulator/meter/house-telegram.ts";
import { encodeP1, p1TimeText, type P1Values } from "../../simulator/meter/p1-encoder.ts";
import { p1Framer } from "../../drivers/meter/dsmr/p1-framer.ts";
import { p1Reading } from "../../drivers/meter/dsmr/p1-reading.ts";
import type { Reading } from "../../core/reading.ts";
import { bitwiseCrc16 } from "../fake/p1-telegram.ts";

const values: P1Values = {
  ident: "SIM5\\2TEST",
  meterId: "SIM000001",
  gasId: "SIMGAS000001",
  atS: Date.parse("2026-01-14T18:17:10Z") / 1000,
  offsetS: 3600,
  tariff: 2,
  importWh: [1_234_567, 7],
  exportWh: [0, 999_999_999],
  powerW: -1250,
  phases: [
    { voltageV: 230.04, powerW: 2300 },
    { voltageV: 231, powerW: -3550 },
    { voltageV: 229.96, powerW: 0 },
  ],
  gasDm3: 1_234_567,
};

it("ends in a CRC that a bit-by-bit computation confirms", () => {
  const bytes = encodeP1(values);
  const end = bytes.indexOf("!") + 1;
  expect(bytes.subarray(end).toString()).toBe(
    `${bitwiseCrc16(bytes.subarray(0, end)).toString(16).toUpperCase().padStart(4, "0")}\r\n`,
  );
});

it("writes each value in the form of DSMR 5, lines ended by CRLF", () => {
  const text = encodeP1(values).toString("latin1");
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  expect(text.split("\r\n")).toEqual(
    expect.arrayContaining([
      "/SIM5\\2TEST",
      "0-0:1.0.0(260114191710W)",
      "0-0:96.1.1(53494D303030303031)",
      "1-0:1.8.1(001234.567*kWh)",
      "1-0:1.8.2(000000.007*kWh)",
      "1-0:2.8.2(999999.999*kWh)",
      "0-0:96.14.0(0002)",
      "1-0:1.7.0(00.000*kW)",
      "1-0:2.7.0(01.250*kW)",
      "1-0:32.7.0(230.0*V)",
      "1-0:31.7.0(010*A)",
      "1-0:51.7.0(015*A)",
      "1-0:21.7.0(02.300*kW)",
      "1-0:42.7.0(03.550*kW)",
      "0-1:24.2.1(260114191500W)(01234.567*m3)",
    ]),
  );
});

it("marks the two hours that local clocks show twice", () => {
  const first = Date.parse("2026-10-25T00:30:00Z") / 1000;
  expect([p1TimeText(first, 7200), p1TimeText(first + 3600, 3600)]).toEqual(["261025023000S", "261025023000W"]);
});

it("is understood by the driver, hour by hour through a day: counters, power, time and phases agree with the house", () => {
  const built = house(newHouse({ seed: 9, startMs: Date.parse("2026-01-16T20:00:00Z") }));
  built.set("boiler", true);
  built.set("heatpump", true);
  built.set("ev", true);
  for (let hour = 0; hour < 24; hour++) {
    built.runTo(built.state.atS + 3600);
    const readings: Reading[] = [];
    const framer = p1Framer({
      frame: ({ bytes, checked }) =>
        readings.push(p1Reading(bytes, { meter: "grid", zone: "CET", checked, receivedMs: 0, clockSynced: true })),
      rejected: ({ message }) => expect.unreachable(message),
    });
    framer.push(houseTelegram(built, "000009"));
    const [low, normal] = built.state.grid.importJ.map((joule) => Math.floor(joule / 3600));
    expect(readings).toMatchObject([
      {
        quality: "valid",
        meterId: "SIM000009",
        meterMs: built.state.atS * 1000,
        powerW: built.power().net,
        importWh: (low ?? 0) + (normal ?? 0),
      },
    ]);
    expect(readings[0]?.phases.reduce((total, phase) => total + (phase.powerW ?? 0), 0)).toBe(built.power().net);
    expect(readings[0]?.subMeters[0]).toMatchObject({ medium: "gas", id: "SIMGAS000009", unit: "m3" });
  }
});
