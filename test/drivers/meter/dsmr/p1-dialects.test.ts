import { expect, it } from "vitest";
import type { Reading } from "../../../../core/reading.ts";
import { decodeP1 } from "../../../../drivers/decode/decode-p1.ts";
import type { Decoded } from "../../../../drivers/decode/decoded.ts";
import type { MeterZone } from "../../../../drivers/meter/meter-zone.ts";
import { telegram } from "../../../fake/p1-telegram.ts";

/** Made-up telegrams in the habits of each country; numbers and identifiers mean nothing. */
const decode = (lines: string[], crc: "padded" | "none" = "padded", zone: MeterZone = "CET"): Decoded => {
  const [only, ...more] = decodeP1(telegram(lines, crc), { zone, receivedMs: 0 });
  expect(more).toEqual([]);
  if (!only) throw new Error("nothing decoded");
  return only;
};
const read = (lines: string[], crc?: "padded" | "none", zone?: MeterZone): Reading => {
  const { reading, error } = decode(lines, crc, zone);
  expect(error).toBeUndefined();
  if (!reading) throw new Error("no reading");
  return reading;
};

const belgian = [
  "/FLU5\\253000000_A",
  "",
  "0-0:96.1.4(50217)",
  "0-0:96.1.1(54455354424530303031)",
  "0-0:1.0.0(260612114505S)",
  "1-0:1.8.1(000100.500*kWh)",
  "1-0:1.8.2(000200.250*kWh)",
  "1-0:2.8.1(000010.000*kWh)",
  "1-0:2.8.2(000020.000*kWh)",
  "0-0:96.14.0(0002)",
  "1-0:1.4.0(01.234*kW)",
  "1-0:1.6.0(260605181500S)(04.321*kW)",
  "1-0:1.7.0(00.500*kW)",
  "1-0:2.7.0(00.000*kW)",
];

it("Belgium: capacity tariff, swapped tariffs, water and gas by device type and not by channel", () => {
  const reading = read([
    ...belgian,
    "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(260501000000S)(260411183000S)(05.100*kW)(260601000000S)(632525252525W)(00.000*kW)",
    "0-1:24.1.0(007)",
    "0-1:96.1.1(5741544552303031)",
    "0-1:24.2.1(260612114500S)(00012.345*m3)",
    "0-2:24.1.0(003)",
    "0-2:24.2.3(260612114500S)(00777.001*m3)",
  ]);
  expect(reading.activeTariff).toEqual({ number: "2", meaning: "low" });
  expect(reading.demand).toEqual({
    quarterW: 1234,
    monthPeakW: 4321,
    monthPeakAtMs: Date.parse("2026-06-05T16:15:00Z"),
    months: [
      { endMs: Date.parse("2026-04-30T22:00:00Z"), peakW: 5100, peakAtMs: Date.parse("2026-04-11T16:30:00Z") },
      { endMs: Date.parse("2026-05-31T22:00:00Z"), peakW: 0, peakAtMs: null },
    ],
  });
  expect(reading.subMeters.map(({ channel, medium, value }) => [channel, medium, value])).toEqual([
    [1, "water", 12.345],
    [2, "gas", 777.001],
  ]);
  expect(reading).toMatchObject({ importWh: 300_750, exportWh: 30_000, powerW: 500 });
});

it.each([
  ["no month yet", "0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)"],
  ["empty values", "0-0:98.1.0()"],
  ["the Swiss bare number", "0-0:98.1.0(12)"],
  ["a group cut short", "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(260501000000S)(260411183000S)"],
  ["the Hungarian billing record", "0-0:98.1.0(260501000000S)(000040.777*kWh)(000008.950*kWh)(03.564*kW)(02.156*kW)(03.564*kW)"],
])("a peak history of %s gives no month and costs nothing else", (_, line) => {
  const reading = read([...belgian, line]);
  expect(reading.demand?.months).toEqual([]);
  expect(reading.importWh).toBe(300_750);
});

it("the Netherlands: tariff 1 is low, a message comes as text, failures are counted without sentinels", () => {
  const reading = read([
    "/TST5\\2NL",
    "",
    "1-3:0.2.8(50)",
    "0-0:1.0.0(260112120000W)",
    "1-0:1.8.1(000001.000*kWh)",
    "1-0:1.8.2(000002.000*kWh)",
    "0-0:96.14.0(0001)",
    "0-0:96.13.0(4D61696E74656E616E6365)",
    "0-0:96.7.21(00012)",
    "0-0:96.7.9(00003)",
    "1-0:99.97.0(3)(0-0:96.7.19)(000101000001W)(2147483647*s)(250101120000W)(0000000240*s)(250601120000S)(0000000301*s)",
    "1-0:1.7.0(00.100*kW)",
  ]);
  expect(reading.activeTariff).toEqual({ number: "1", meaning: "low" });
  expect(reading.message).toBe("Maintenance");
  expect(reading.powerFailures).toEqual({
    any: 12,
    long: 3,
    log: [
      { endMs: Date.parse("2025-01-01T11:00:00Z"), seconds: 240 },
      { endMs: Date.parse("2025-06-01T10:00:00Z"), seconds: 301 },
    ],
  });
});

it("a slash in a text message begins no new telegram", () => {
  expect(read(["/TST5\\2", "", "1-0:1.8.0(000001.000*kWh)", "0-0:96.13.0(see /-help- or a/b)"]).message).toBe(
    "see /-help- or a/b",
  );
});

it.each(["see http://www.grid.nl/abc", "/abc", "a/bcd/efg"])("a message with %s in it is a message", (text) => {
  const lines = ["/TST5\\2", "", "1-0:1.8.0(000001.000*kWh)", `0-0:96.13.0(${text})`, "1-0:1.7.0(00.100*kW)"];
  expect(read(lines)).toMatchObject({ message: text, powerW: 100 });
  expect(read(lines, "none")).toMatchObject({ message: text, powerW: 100 });
});

it("an identification with a slash in it is one", () => {
  expect(decode(["/ABC5/Device-1", "", "1-0:1.8.0(000001.000*kWh)"])).toMatchObject({
    meter: "ABC5/Device-1",
    integrity: "valid",
  });
});

it("Sweden and Luxembourg: a total without tariffs, whose number means nothing there", () => {
  const reading = read([
    "/TST5\\2SE",
    "",
    "1-3:0.2.8(42)",
    "0-0:1.0.0(260112120000W)",
    "1-0:1.8.0(00006678.394*kWh)",
    "1-0:2.8.0(00000000.000*kWh)",
    "1-0:3.8.0(00000021.988*kvarh)",
    "0-0:96.14.0(0001)",
    "1-0:1.7.0(0001.727*kW)",
    "1-0:21.7.0(0001.023*kW)",
    "1-0:32.7.0(240.3*V)",
    "1-0:31.7.0(004.1*A)",
  ]);
  expect(reading).toMatchObject({ importWh: 6_678_394, exportWh: 0, powerW: 1727, activeTariff: { number: "1", meaning: null } });
  expect(reading.phases).toEqual([{ powerW: 1023, voltageV: 240.3, currentA: 4.1 }]);
});

it("Austria: Wh and W without a decimal point", () => {
  const reading = read([
    "/TST5\\2AT",
    "",
    "1-0:1.8.0(006545766*Wh)",
    "1-0:1.7.0(000000286*W)",
    "1-0:2.8.0(000000058*Wh)",
    "1-0:2.7.0(000000100*W)",
  ]);
  expect(reading).toMatchObject({ importWh: 6_545_766, exportWh: 58, powerW: 186 });
});

it("Hungary: four tariffs beside the total, an identifier in 42.0.0", () => {
  const reading = read([
    "/TST5HU-METER",
    "",
    "0-0:1.0.0(260724150730S)",
    "0-0:42.0.0(5445535448553031)",
    "0-0:96.14.0(0002)",
    "1-0:1.8.0(000173.640*kWh)",
    "1-0:1.8.1(000047.719*kWh)",
    "1-0:1.8.2(000125.921*kWh)",
    "1-0:1.8.3(000000.000*kWh)",
    "1-0:1.8.4(000000.000*kWh)",
    "1-0:2.8.0(000627.177*kWh)",
    "1-0:13.7.0(4.556)",
    "1-0:14.7.0(50.00*Hz)",
    "1-0:1.7.0(00.000*kW)",
    "1-0:2.7.0(02.601*kW)",
  ]);
  expect(reading).toMatchObject({ meterId: "TESTHU01", importWh: 173_640, exportWh: 627_177, powerW: -2601 });
  expect(Object.keys(reading.tariffs)).toEqual(["1", "2", "3", "4"]);
  expect(reading.tariffs["2"]).toEqual({ importWh: 125_921 });
});

it("Switzerland: electricity on channel 1, phases on channel 0", () => {
  const reading = read([
    "/TST5\\\\CH",
    "",
    "0-0:96.1.4(12345)",
    "1-1:1.8.1(000001.000*kWh)",
    "1-1:1.8.2(000002.000*kWh)",
    "1-1:2.8.1(000000.000*kWh)",
    "1-1:2.8.2(000000.000*kWh)",
    "0-0:96.14.0(0001)",
    "1-1:1.7.0(01.622*kW)",
    "1-0:32.7.0(238.9*V)",
    "1-0:31.7.0(005.15*A)",
    "1-1:1.6.0(260315014500W)(15.206*kW)",
    "1-0:1.4.0(00.288*kW)",
  ]);
  expect(reading).toMatchObject({ importWh: 3000, powerW: 1622, activeTariff: { number: "1", meaning: null } });
  expect(reading.demand).toMatchObject({ quarterW: 288, monthPeakW: 15_206 });
  expect(reading.phases).toEqual([{ voltageV: 238.9, currentA: 5.15 }]);
});

it("Ireland keeps western time, also with an S in February; Lithuania keeps eastern", () => {
  const lines = ["/TST5IE", "", "0-0:1.0.0(260202132747S)", "1-0:1.8.0(000010.181*kWh)"];
  expect(read(lines, "padded", "WET").meterMs).toBe(Date.parse("2026-02-02T12:27:47Z"));
  expect(read(lines, "padded", "EET").meterMs).toBe(Date.parse("2026-02-02T10:27:47Z"));
});

it("Germany (Q3D): six-part codes, no CRC, seven digits behind the point", () => {
  const decoded = decode(
    [
      "/TSTQ3DB0000 V3.04",
      "",
      "1-0:0.0.0*255(0270000000001)",
      "1-0:1.8.0*255(00052185.7825309*kWh)",
      "1-0:21.7.0*255(000747.85*W)",
      "1-0:1.7.0*255(002124.86*W)",
      "1-0:96.5.5*255(80)",
    ],
    "none",
  );
  expect(decoded).toMatchObject({ meter: "TSTQ3DB0000 V3.04", integrity: "absent" });
  expect(decoded.reading).toMatchObject({ meterId: "0270000000001", importWh: 52_185_782, powerW: 2124, quality: "unchecked" });
  expect(decoded.objects["1-0:1.8.0"]).toEqual({ value: 52185.7825309, unit: "kWh" });
  expect(decoded.objects["1-0:96.5.5"]).toEqual({ value: "80", unit: null });
});

it("a heat meter alone (WarmteLink) has a reading of its sub-meter", () => {
  const reading = read([
    "/TST-HEAT",
    "",
    "0-0:1.0.0(260215200523W)",
    "0-1:24.1.0(004)",
    "0-1:96.1.0(621848012D2C0B0C)",
    "0-1:24.2.1(260215200523W)(240.860*GJ)",
  ]);
  expect(reading).toMatchObject({ importWh: null, subMeters: [{ medium: "heat", value: 240.86, unit: "GJ" }] });
});

it("a month of the peak history that cannot be read costs itself alone", () => {
  const history = (second: string): string =>
    `0-0:98.1.0(3)(1-0:1.6.0)(1-0:1.6.0)(260301000000W)(260211183000W)(05.100*kW)${second}(260501000000S)(260411183000S)(03.300*kW)`;
  const peaks = (second: string): (number | undefined)[] | undefined =>
    read([...belgian, history(second)]).demand?.months.map(({ peakW }) => peakW);
  expect(peaks("(260401000000S)(260311183000W)(04.200*kW)")).toEqual([5100, 4200, 3300]);
  expect(peaks("(632525252525W)(260311183000W)(04.200*kW)")).toEqual([5100, 3300]);
  expect(peaks("(260401000000S)(260311183000W)(0x.200*kW)")).toEqual([5100, 3300]);
  // A header that is gone shifts everything: a time is no power.
  expect(read([...belgian, "0-0:98.1.0(1)(1-0:1.6.0)(260301000000W)(260211183000W)(05.100*kW)"]).demand?.months).toEqual([]);
  expect(read([...belgian.filter((line) => !line.includes("1.4.0")), "1-0:1.4.0(99999.0*MW)"]).demand?.quarterW).toBeUndefined();
});

it("of two meters on one channel the one that is alive counts", () => {
  const { subMeters } = read([
    ...belgian,
    "0-1:24.1.0(003)",
    "0-1:24.2.3(632525252525W)(00000.000*m3)",
    "0-1:24.2.3(260612114500S)(00777.001*m3)",
  ]);
  expect(subMeters).toMatchObject([{ medium: "gas", value: 777.001 }]);
});

it("says of a tariff only what the meter says", () => {
  const reading = read([
    "/TST5\\2",
    "",
    "1-0:1.8.0(000003.000*kWh)",
    "1-0:1.8.1(000001.000*kWh)",
    "1-0:1.8.2(000002.000*kWh)",
    "1-0:2.8.0(000000.000*kWh)",
  ]);
  expect(reading.tariffs).toEqual({ "1": { importWh: 1000 }, "2": { importWh: 2000 } });
});

it("a telegram without its CRC among such with one is not believed", () => {
  const lines = ["/TST5\\2", "", "1-0:1.8.0(000003.000*kWh)"];
  const stream = Buffer.concat([telegram(lines), telegram(lines, "none"), telegram(lines)]);
  expect(decodeP1(stream, { zone: "CET", receivedMs: 0 }).map(({ error }) => error?.code)).toEqual([
    undefined,
    "p1-crc-missing",
    undefined,
  ]);
});

it("keeps figures that no number can hold as they were sent", () => {
  expect(
    decode(["/TST5\\2", "", "1-0:1.8.0(000003.000*kWh)", "1-0:9.8.0(12345678901234567890*kVAh)"]).objects["1-0:9.8.0"],
  ).toEqual({
    value: "12345678901234567890",
    unit: "kVAh",
  });
});

it.each([
  ["no value", "0-1:24.2.1(260612114500S)()"],
  ["a sentinel time", "0-1:24.2.1(632525252525W)(00000.000)"],
  ["garbage", "0-1:24.2.1(@@@@)(##)"],
  ["a line cut in the middle", "0-1:24.2.1(2606121145"],
])("a sub-meter line with %s does not drop the telegram", (_, line) => {
  expect(read([...belgian, "0-1:24.1.0(003)", line])).toMatchObject({ importWh: 300_750, subMeters: [] });
});

it("keeps several values of one code as an array, and a repeated code too", () => {
  const { objects } = decode([...belgian, "1-0:52.32.0(00001)", "1-0:52.32.0(00002)"]);
  expect(objects["1-0:1.6.0"]).toEqual([
    { value: "260605181500S", unit: null },
    { value: 4.321, unit: "kW" },
  ]);
  expect(objects["1-0:52.32.0"]).toEqual([
    { value: "00001", unit: null },
    { value: "00002", unit: null },
  ]);
});
