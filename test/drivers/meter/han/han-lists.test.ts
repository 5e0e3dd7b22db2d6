import { expect, it } from "vitest";
import type { Reading } from "../../../../core/reading.ts";
import { hanList, type HanListOptions } from "../../../../drivers/meter/han/han-list.ts";
import { hanReading } from "../../../../drivers/meter/han/han-reading.ts";
import * as lists from "../../../fake/han-list.ts";

const parse = (bytes: Uint8Array, options: Partial<HanListOptions> = {}) =>
  hanList(bytes, { zone: "CET", kamstrupStepWh: 10, ...options });
const read = (bytes: Uint8Array, options: Partial<HanListOptions> = {}): Reading =>
  hanReading(parse(bytes, options), { meter: "grid", quality: "valid", receivedMs: 5, clockSynced: true });
const at = (iso: string): number => Date.parse(iso);
const base = { meter: "grid", receivedMs: 5, clockSynced: true, quality: "valid", tariffs: {}, subMeters: [] };
const noCounters = { importWh: null, exportWh: null };
const aidonPhases = [
  { voltageV: 230.7, currentA: 3.7 },
  { voltageV: 231.1, currentA: 1.2 },
  { voltageV: 229.8, currentA: 0.9 },
];
const kaifaPhases = [
  { voltageV: 232.2, currentA: 6.781 },
  { voltageV: 230, currentA: 0.79 },
  { voltageV: 228.9, currentA: 6.125 },
];
const kaifaNo = { ...base, meterId: "6970630000012345", meterMs: at("2025-07-01T14:00:10Z"), powerW: 2816 };
const slovenia = {
  ...base,
  ...noCounters,
  meterId: "ISK1030770012345",
  meterMs: at("2025-07-01T08:00:10Z"),
  powerW: 1393,
  phases: [],
};
const sloveniaPhases = [
  { voltageV: 237.9, currentA: 1.03 },
  { voltageV: 238, currentA: 1.25 },
  { voltageV: 229.6, currentA: 5.97 },
];
const croatia = {
  ...base,
  meterId: "90012345",
  meterMs: at("2025-01-15T22:55:40Z"),
  importWh: 7_088_218,
  exportWh: 5_794_986,
  tariffs: { 1: { importWh: 4_945_434, exportWh: 5_743_970 }, 2: { importWh: 2_142_784, exportWh: 51_016 } },
  powerW: 382,
  phases: [
    { voltageV: 238.8, currentA: 0.55, powerW: 189 },
    { voltageV: 235.7, currentA: 0.89, powerW: 65 },
    { voltageV: 237.7, currentA: 0.77, powerW: 0 },
  ],
};
const landisGyr = {
  ...base,
  meterId: "30012345",
  meterMs: at("2025-01-15T00:35:45Z"),
  importWh: 27_881_149,
  exportWh: 7_619,
  powerW: 125,
  phases: [
    { voltageV: 236, currentA: 0 },
    { voltageV: 235, currentA: 0.46 },
    { voltageV: 234, currentA: 0.26 },
  ],
};

it.each<[string, Uint8Array, string | null, object]>([
  [
    "Aidon, power alone",
    lists.aidonPower(280),
    "aidon",
    { ...base, ...noCounters, meterId: null, meterMs: null, powerW: 280, phases: [] },
  ],
  [
    "Aidon, every 10 s",
    lists.aidonList,
    "aidon",
    { ...base, ...noCounters, meterId: "7359990000012345", meterMs: null, powerW: 1412, phases: aidonPhases },
  ],
  [
    "Aidon, hourly, scaler 1, latched on the hour",
    lists.aidonHour,
    "aidon",
    {
      ...base,
      meterId: "7359990000012345",
      meterMs: at("2025-07-01T13:00:00Z"),
      importWh: 12_345_670,
      exportWh: 43_210,
      powerW: 1412,
      phases: aidonPhases,
    },
  ],
  ["Kaifa Norway, power alone", lists.kaifa1, "kaifa", { ...kaifaNo, ...noCounters, meterId: null, phases: [] }],
  ["Kaifa Norway, one phase", lists.kaifa9, "kaifa", { ...kaifaNo, ...noCounters, phases: kaifaPhases.slice(0, 1) }],
  ["Kaifa Norway, three phases", lists.kaifa13, "kaifa", { ...kaifaNo, ...noCounters, phases: kaifaPhases }],
  [
    "Kaifa Norway, one phase hourly",
    lists.kaifa14,
    "kaifa",
    { ...kaifaNo, importWh: 4_786_979, exportWh: 12, phases: kaifaPhases.slice(0, 1) },
  ],
  ["Kaifa Norway, hourly", lists.kaifa18, "kaifa", { ...kaifaNo, importWh: 4_786_979, exportWh: 12, phases: kaifaPhases }],
  [
    "Kaifa Sweden",
    lists.kaifaSe,
    "kaifa",
    {
      ...base,
      meterId: "7340730000012345",
      meterMs: at("2025-01-15T16:35:30Z"),
      importWh: 4_786_979,
      exportWh: 31,
      powerW: 2716,
      phases: kaifaPhases.slice(0, 1),
    },
  ],
  [
    "Austria, scalers in the list",
    lists.austria,
    null,
    {
      ...base,
      meterId: "181220012345",
      meterMs: at("2025-07-01T07:47:15Z"),
      importWh: 12_937,
      exportWh: 7,
      powerW: -1500,
      phases: [{ voltageV: 233.7, currentA: 6.51 }],
    },
  ],
  [
    "Kamstrup, hourly, 10 Wh a count",
    lists.kamstrupHour(),
    "kamstrup",
    {
      ...base,
      meterId: "5706560000012345",
      meterMs: at("2025-07-01T15:00:45Z"),
      importWh: 7_745_250,
      exportWh: 210,
      powerW: 826,
      phases: [
        { voltageV: 231, currentA: 2.37 },
        { voltageV: 232, currentA: 0.89 },
        { voltageV: 233, currentA: 0.75 },
      ],
    },
  ],
  [
    "Kamstrup, one phase, its clock never set",
    lists.kamstrupOnePhase,
    "kamstrup",
    {
      ...base,
      ...noCounters,
      meterId: "5706560000012345",
      meterMs: null,
      powerW: 1896,
      phases: [{ voltageV: 225, currentA: 8.96 }],
    },
  ],
  [
    "Slovenia, 18 values",
    lists.slovenia18,
    "iskra",
    { ...slovenia, phases: sloveniaPhases.map((phase, index) => ({ ...phase, powerW: [16, 51, 1324][index] })) },
  ],
  [
    "Slovenia, 12 counters",
    lists.slovenia12,
    "iskra",
    {
      ...slovenia,
      powerW: null,
      importWh: 3810,
      exportWh: 70,
      tariffs: { 1: { importWh: 10, exportWh: 30 }, 2: { importWh: 3800, exportWh: 40 } },
      activeTariff: { number: "2", meaning: null },
    },
  ],
  ["Slovenia, 12 of the moment", lists.slovenia12Moment, "iskra", { ...slovenia, phases: sloveniaPhases }],
  [
    "Slovenia, one phase, 10 of the moment",
    lists.slovenia10,
    "iskra",
    { ...slovenia, phases: [{ voltageV: 237.9, currentA: 1.03, powerW: 1393 }] },
  ],
  [
    "Slovenia, one phase, 10 counters without totals",
    lists.slovenia10Counters,
    "iskra",
    {
      ...slovenia,
      powerW: null,
      importWh: 1200,
      exportWh: 50,
      tariffs: { 1: { importWh: 500, exportWh: 20 }, 2: { importWh: 700, exportWh: 30 } },
    },
  ],
  [
    "Slovenia, one phase, 9 values",
    lists.slovenia9,
    "iskra",
    {
      ...slovenia,
      exportWh: 50,
      tariffs: { 1: { exportWh: 20 }, 2: { exportWh: 30 } },
      phases: [{ voltageV: 237.9 }],
    },
  ],
  ["Slovenia, one phase, 8 values", lists.slovenia8, "iskra", { ...slovenia, phases: [{ voltageV: 237.9, currentA: 1.03 }] }],
  ["Croatia, 33 values", lists.croatia33, "iskra", croatia],
  ["Croatia, 28 values", lists.croatia28, "iskra", croatia],
  [
    "Iskraemeco, Austria",
    lists.iskraAustria,
    "iskra",
    {
      ...base,
      meterId: "1234500000678",
      meterMs: at("2025-03-07T13:55:33Z"),
      importWh: 2_874_540,
      exportWh: 1690,
      powerW: 350,
      phases: [],
    },
  ],
  [
    "Landis+Gyr that describes itself",
    lists.landisGyrDescribed,
    "landis-gyr",
    {
      ...base,
      meterId: "43012345",
      meterMs: at("2025-01-15T11:26:10Z"),
      importWh: 16_000,
      exportWh: 4,
      powerW: 110,
      phases: [{ voltageV: 236.1, currentA: 0.46 }],
    },
  ],
  ["Landis+Gyr, 11 values", lists.landisGyr11, "landis-gyr", landisGyr],
  ["Landis+Gyr, 14 values", lists.landisGyr14, "landis-gyr", landisGyr],
])("reads %s", (_, bytes, maker, expected) => {
  expect(parse(bytes).dialect.maker).toBe(maker);
  expect(read(bytes)).toEqual(expected);
});

it("takes Kamstrup's counters as Wh where the configuration says so, as in Sweden", () => {
  expect(read(lists.kamstrupHour(), { kamstrupStepWh: 1 })).toMatchObject({
    importWh: 774_525,
    exportWh: 21,
    phases: [{ currentA: 2.37 }, {}, {}],
  });
});

it("takes Kamstrup's voltages of five digits as 0.01 V", () => {
  expect(read(lists.kamstrupHour({ volts: [22_199, 22_314, 22_321] })).phases.map(({ voltageV }) => voltageV)).toEqual([
    221.99, 223.14, 223.21,
  ]);
});

it("takes the summer bit of a clock without deviation", () => {
  expect(read(lists.kamstrupHour({ status: 0x80 })).meterMs).toBe(at("2025-07-01T14:00:45Z"));
});

it("guesses no unit for a list that nobody knows", () => {
  const unknown = lists.notification(
    lists.structure(lists.visible("Nobody_V1"), lists.obis("1-0:1.7.0"), lists.u32(7), lists.obis("1-0:1.8.0"), lists.u32(9)),
  );
  expect(() => read(unknown)).toThrow(expect.objectContaining({ code: "meter-impossible-reading" }));
  const positional = lists.notification(lists.structure(...[1, 2, 3, 4, 5].map(lists.u32)));
  expect(() => read(positional)).toThrow(expect.objectContaining({ code: "meter-impossible-reading" }));
});

it("marks a reading suspect when a counter is no integer", () => {
  const float = Buffer.of(0x17, 0x3f, 0xc0, 0, 0);
  const hurt = lists.notification(
    lists.array(
      lists.structure(lists.obis("1-0:1.7.0"), lists.u32(5), lists.scalerUnit(0, "W")),
      lists.structure(lists.obis("1-0:1.8.0"), float, lists.scalerUnit(0, "Wh")),
    ),
  );
  expect(read(hurt)).toMatchObject({ quality: "suspect", importWh: null, powerW: 5 });
});

/** A list of counters with the unit Wh, of which a value may be of any type and another unit. */
const counters = (...items: [code: string, value: Uint8Array, unit?: string][]): Buffer =>
  lists.notification(
    lists.array(
      ...items.map(([code, value, of = "Wh"]) => lists.structure(lists.obis(`1-0:${code}`), value, lists.scalerUnit(0, of))),
    ),
  );
const { u32, nothing } = lists;
const float = Buffer.of(0x17, 0x44, 0xfa, 0, 0);
const beyond = Buffer.of(0x15, 0x10, 0, 0, 0, 0, 0, 0, 0);
const sloveniaOf = (...values: Uint8Array[]): Buffer =>
  lists.notification(lists.structure(lists.octets("ISK1030770012345"), lists.octets("70012346"), ...values));
const rest = [u32(0), u32(0), u32(0), u32(0)];

it.each<[string, Buffer, Partial<Reading>]>([
  [
    "Slovenia's second tariff null",
    sloveniaOf(u32(1000), nothing, u32(30), u32(40), ...rest),
    { importWh: null, exportWh: 70, tariffs: { 1: { importWh: 1000, exportWh: 30 }, 2: { exportWh: 40 } } },
  ],
  ["its first tariff null", sloveniaOf(nothing, u32(2000), u32(30), u32(40), ...rest), { importWh: null, exportWh: 70 }],
  [
    "a tariff as a float",
    counters(["1.8.1", u32(1000)], ["1.8.2", float]),
    { importWh: null, tariffs: { 1: { importWh: 1000 } } },
  ],
  ["a tariff past 2^53", counters(["1.8.1", u32(1000)], ["1.8.2", beyond]), { importWh: null }],
  ["a tariff of another unit", counters(["1.8.1", u32(1000)], ["1.8.2", u32(7), "varh"]), { importWh: null }],
  ["a tariff that is not there", counters(["1.8.2", u32(1000)]), { importWh: null }],
  [
    "one side with fewer tariffs than the other",
    counters(["1.8.1", u32(1000)], ["1.8.2", u32(2000)], ["2.8.1", u32(100)]),
    { importWh: 3000, exportWh: null, tariffs: { 1: { importWh: 1000, exportWh: 100 }, 2: { importWh: 2000 } } },
  ],
])("makes no sum of an incomplete set: %s", (_, bytes, expected) => {
  const power = lists.structure(lists.obis("1-0:1.7.0"), u32(5), lists.scalerUnit(0, "W"));
  const whole = bytes[6] === 0x01 ? Buffer.concat([bytes.fill((bytes[7] ?? 0) + 1, 7, 8), power]) : bytes;
  expect(read(whole)).toMatchObject({ ...expected, quality: "suspect" });
});

it.each<[string, Buffer, Partial<Reading>]>([
  ["all tariffs", counters(["1.8.1", u32(1000)], ["1.8.2", u32(2000)]), { importWh: 3000, exportWh: null }],
  [
    "a total beside a tariff that cannot be read, which is left out",
    counters(["1.8.0", u32(3000)], ["1.8.1", u32(1000)], ["1.8.2", float]),
    { importWh: 3000, tariffs: { 1: { importWh: 1000 } } },
  ],
  ["a side of nothing but nulls as none", sloveniaOf(u32(1), u32(2), nothing, nothing, ...rest), { importWh: 3, exportWh: null }],
])("believes %s", (_, bytes, expected) => expect(read(bytes)).toMatchObject({ ...expected, quality: "valid" }));

it("cuts digits below 1 Wh off, so that a counter never runs ahead", () => {
  const fine = lists.notification(
    lists.array(lists.structure(lists.obis("1-0:1.8.0"), lists.u32(1999), lists.scalerUnit(-3, "Wh"))),
  );
  expect(read(fine).importWh).toBe(1);
});

it.each([
  ["another message", Buffer.of(0x0e, 0, 0, 0, 0, 0)],
  ["no date-time and no sign for none", Buffer.of(0x0f, 0, 0, 0, 0, 0x05, 0)],
  ["no list", lists.notification(lists.u32(1))],
  ["a list cut short", lists.aidonHour.subarray(0, -4)],
  ["a list cut after a whole value", lists.kaifa13.subarray(0, -5)],
  ["bytes behind the list, as of a segment that came twice", Buffer.concat([lists.aidonHour, lists.aidonHour.subarray(-30)])],
  ["a single byte behind it", Buffer.concat([lists.kaifa13, lists.nothing])],
  ["nothing", Buffer.alloc(0)],
])("refuses %s", (_, bytes) => expect(() => parse(bytes)).toThrow(expect.objectContaining({ code: "han-bad-data" })));
