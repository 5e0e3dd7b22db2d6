import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { iecLines, iecObject } from "../../../../drivers/meter/iec62056-21/iec-lines.ts";
import { iecReading } from "../../../../drivers/meter/iec62056-21/iec-reading.ts";
import { iecTime, type IecZone } from "../../../../drivers/meter/iec62056-21/iec-time.ts";

const context = { meter: "grid", zone: "CET" as IecZone, checked: true, receivedMs: 5, clockSynced: true };
const text = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
const read = (lines: readonly string[], zone: IecZone = "CET") => iecReading(text(lines), { ...context, zone });
const objects = (lines: readonly string[]) => {
  const bytes = text(lines);
  return iecLines(bytes).lines.map((line) => iecObject(bytes, line));
};

describe("lines", () => {
  it.each<[string, string, string]>([
    ["with medium, channel and the sixth part", "1-0:1.8.0*255(000001.5*kWh)", "1-0:1.8.0"],
    ["with a sixth part behind a dot", "1-1:1.8.0.255(000001.5*kWh)", "1-1:1.8.0"],
    ["without medium and channel", "1.8.0(000001.5*kWh)", "1-0:1.8.0"],
    ["of two parts", "32.7(230.1*V)", "1-0:32.7.0"],
    ["of letters", "C.1.0(12345)", "0-0:96.1.0"],
    ["of an error register", "F.F(00000000)", "0-0:97.97.0"],
    ["of a past period", "1.8.0*01(000001.5*kWh)", "1-0:1.8.0*01"],
    ["of a past period that a person ended", "1-1:1.8.1&12(000001.5*kWh)", "1-1:1.8.1&12"],
  ])("takes a code %s", (_, line, code) => expect(objects([line]).map((object) => object.code)).toEqual([code]));

  it("takes several objects of one line, values on the next line, and values with nothing in them", () => {
    expect(objects(["0.0.0(123)F.F(00)", "1.6.1(01.25*kW)", "(26-01-14 18:15)", "0.1.0()"])).toEqual([
      { code: "1-0:0.0.0", values: [{ text: "123", unit: null }] },
      { code: "0-0:97.97.0", values: [{ text: "00", unit: null }] },
      {
        code: "1-0:1.6.1",
        values: [
          { text: "01.25", unit: "kW" },
          { text: "26-01-14 18:15", unit: null },
        ],
      },
      { code: "1-0:0.1.0", values: [{ text: "", unit: null }] },
    ]);
  });

  it("keeps what is no object apart, and never throws", () => {
    expect(iecLines(text(["hello", "1.8.0(1", "999.8.0(1)", "1.8.0(1*kWh)x"])).badLines).toEqual([
      "hello",
      "1.8.0(1",
      "999.8.0(1)",
      "x",
    ]);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => iecLines(bytes).lines.length >= 0));
  });
});

describe("readings", () => {
  it("reads a Turkish readout: total and three tariffs, time with colons", () => {
    const reading = read(
      [
        "0.0.0(70123456)",
        "0.9.1(12:34:56)",
        "0.9.2(26-07-14)",
        "1.8.0(012345.678*kWh)",
        "1.8.1(006000.100*kWh)",
        "1.8.2(004000.200*kWh)",
        "1.8.3(002345.378*kWh)",
        "1.8.0*1(012000.000*kWh)",
      ],
      "TRT",
    );
    expect(reading).toMatchObject({
      meterId: "70123456",
      importWh: 12_345_678,
      exportWh: null,
      quality: "valid",
      meterMs: Date.UTC(2026, 6, 14, 9, 34, 56),
      tariffs: { 1: { importWh: 6_000_100 }, 2: { importWh: 4_000_200 }, 3: { importWh: 2_345_378 } },
    });
  });

  it("reads a Romanian readout with channel 1, both directions, and decimal commas", () => {
    expect(
      read(["C.1.0(00055512)", "1-1:1.8.0(00123,4*kWh)", "1-1:2.8.0(00007,1*kWh)", "1-1:16.7.0(-0,25*kW)"], "EET"),
    ).toMatchObject({ meterId: "00055512", importWh: 123_400, exportWh: 7100, powerW: -250 });
  });

  it("never takes a value of a past period for the current one", () => {
    expect(read(["1.8.0*01(000900.000*kWh)", "1.8.0&02(000800.000*kWh)", "1.8.0(001000.000*kWh)"]).importWh).toBe(1_000_000);
    expect(() => read(["1.8.0*01(000900.000*kWh)"])).toThrow(/no counter/);
  });

  it("adds tariffs up only where all are there", () => {
    expect(read(["1.8.1(1*kWh)", "1.8.2(2*kWh)"]).importWh).toBe(3000);
    expect(read(["1.8.1(1*kWh)", "1.8.3(2*kWh)", "1.7.0(1*kW)"])).toMatchObject({ importWh: null, quality: "suspect" });
    expect(read(["1.8.1(1*kWh)", "1.8.2(2?*kWh)", "1.7.0(1*kW)"])).toMatchObject({ importWh: null, quality: "suspect" });
    expect(read(["1.8.1(1*kWh)", "1.8.2(2*kWh)", "2.8.1(1*kWh)"])).toMatchObject({ exportWh: null, quality: "suspect" });
  });

  it("marks a readout with a damaged counter line suspect, and one without check character unchecked", () => {
    expect(read(["1.8.0(1*kWh)", "2.8.0(1*k"]).quality).toBe("suspect");
    expect(iecReading(text(["1.8.0(1*kWh)"]), { ...context, checked: false }).quality).toBe("unchecked");
  });

  it("never guesses a unit", () => {
    expect(read(["1.8.0(001234.5)", "1.7.0(0.5*kW)"])).toMatchObject({ importWh: null, powerW: 500, quality: "suspect" });
  });

  it("takes the first number that is more than zeros for the device's", () => {
    expect(read(["0.0.0(00000000)", "C.1.0(ab-77)", "1.8.0(1*kWh)"]).meterId).toBe("ab-77");
    expect(read(["0.0.0(00000000)", "1.8.0(1*kWh)"]).meterId).toBeNull();
  });

  it("gives phases, and power of both directions as one", () => {
    expect(read(["1.8.0(1*kWh)", "1.7.0(0.5*kW)", "2.7.0(0.0*kW)", "32.7(230.1*V)", "31.7(2.5*A)"])).toMatchObject({
      powerW: 500,
      phases: [{ voltageV: 230.1, currentA: 2.5 }],
    });
  });

  it("is exact to the last digit of any counter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (wh) => {
        const digits = `${String(Math.floor(wh / 1000)).padStart(6, "0")}.${String(wh % 1000).padStart(3, "0")}`;
        expect(read([`1.8.0(${digits}*kWh)`]).importWh).toBe(wh);
      }),
    );
  });
});

it.each<[string, string, string, IecZone, string | null]>([
  ["winter", "26-01-14", "12:34:56", "CET", "2026-01-14T11:34:56Z"],
  ["summer by the calendar", "260714", "123456", "CET", "2026-07-14T10:34:56Z"],
  ["a year of four digits", "2026-07-14", "12:34:56", "EET", "2026-07-14T09:34:56Z"],
  ["Turkey, the same all year", "26-01-14", "12:34:56", "TRT", "2026-01-14T09:34:56Z"],
  ["a season of winter in summer", "0260714", "0123456", "CET", "2026-07-14T11:34:56Z"],
  ["a season of summer", "1260714", "1123456", "CET", "2026-07-14T10:34:56Z"],
  ["a season of UTC", "2260714", "2123456", "CET", "2026-07-14T12:34:56Z"],
  ["no seconds", "26-01-14", "12:34", "CET", "2026-01-14T11:34:00Z"],
  ["the hour that comes twice", "26-10-25", "02:30:00", "CET", null],
  ["a clock that was never set", "00-01-01", "00:00:00", "CET", null],
  ["no date", "26-02-30", "00:00:00", "CET", null],
  ["an hour that is none", "26-02-20", "24:00:00", "CET", null],
  ["text", "today", "noon", "CET", null],
])("tells the time: %s", (_, date, time, zone, expected) => {
  const ms = iecTime(date, time, zone);
  expect(ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z")).toBe(expected);
});

it("takes date and time from one value", () => {
  expect(read(["1.8.0(1*kWh)", "0-0:1.0.0(26-01-14 12:34:56)"]).meterMs).toBe(Date.UTC(2026, 0, 14, 11, 34, 56));
});
