import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeBytes } from "../../../drivers/decode/decode-bytes.ts";
import { encodePush, encodeReadout } from "../../../simulator/meter/iec-meter.ts";
import { dsmr2Lines, dsmr5Lines, telegram } from "../../fake/p1-telegram.ts";

const context = { zone: "CET", receivedMs: 0 } as const;
const lines = [
  "F.F(00000000)",
  "0.0.0(40712345)",
  "0.9.1(12:34:56)",
  "0.9.2(26-01-14)",
  "1.8.0(001234.567*kWh)",
  "1.8.0*01(001000.000*kWh)",
];
const readout = encodeReadout(lines);
const session = Buffer.concat([Buffer.from("/?!\r\n/SIM5OPT-1\r\n\x06050\r\n"), readout]);
const spoiled = (bytes: Buffer, at: number): Buffer => {
  const bad = Buffer.from(bytes);
  bad[at] = (bad[at] ?? 0) ^ 1;
  return bad;
};

it("decodes all that was heard at a head", () => {
  expect(decodeBytes(session, context)).toEqual([
    expect.objectContaining({
      family: "iec62056-21",
      meter: "SIM5OPT-1",
      integrity: "valid",
      encryption: "none",
      time: "2026-01-14T11:34:56Z",
      objects: {
        "0-0:97.97.0": { value: "00000000", unit: null },
        "1-0:0.0.0": { value: "40712345", unit: null },
        "1-0:0.9.1": { value: "12:34:56", unit: null },
        "1-0:0.9.2": { value: "26-01-14", unit: null },
        "1-0:1.8.0": { value: 1234.567, unit: "kWh" },
        "1-0:1.8.0*01": { value: 1000, unit: "kWh" },
      },
      reading: expect.objectContaining({ importWh: 1_234_567, meterId: "40712345", quality: "valid" }) as object,
    }),
  ]);
});

it.each<[string, Buffer, { meter: string | null; integrity: string }]>([
  ["a readout alone", readout, { meter: null, integrity: "valid" }],
  ["a readout with medium and channel", encodeReadout(["1-1:1.8.0(000001.5*kWh)"]), { meter: null, integrity: "valid" }],
  ["what a mode D meter pushes", encodePush("SIM0PUSH", lines), { meter: "SIM0PUSH", integrity: "absent" }],
  ["a recording with parity bits", Buffer.from(session.map((byte) => byte | 0x80)), { meter: "SIM5OPT-1", integrity: "valid" }],
])("decodes %s", (_, bytes, expected) => {
  const found = decodeBytes(bytes, context);
  expect(found).toEqual([expect.objectContaining({ family: "iec62056-21", ...expected })]);
  expect(found[0]?.error).toBeUndefined();
});

it("gives each readout of a recording its line, and broken ones their place", () => {
  const bad = spoiled(session, 60);
  const found = decodeBytes(Buffer.concat([session, bad, session.subarray(0, 70)]), context);
  expect(found.map(({ error }) => error && [error.code, error.offset])).toEqual([
    undefined,
    ["iec-bad-bcc", session.length + 5],
    ["iec-truncated", session.length * 2 + 5],
  ]);
});

it("takes the readout that came when the broken one was asked for again", () => {
  const found = decodeBytes(Buffer.concat([spoiled(session, 60), readout]), context);
  expect(found.map(({ integrity, error }) => [integrity, error?.code])).toEqual([
    ["invalid", "iec-bad-bcc"],
    ["valid", undefined],
  ]);
});

it("leaves P1 telegrams to P1, also those without CRC and broken ones", () => {
  for (const bytes of [telegram(dsmr5Lines), telegram(dsmr2Lines, "none"), spoiled(telegram(dsmr5Lines), 200)])
    for (const { family } of decodeBytes(bytes, context)) expect(family).toBe("p1");
  // A line that lost its medium makes no readout of a telegram whose CRC does not hold.
  const lost = Buffer.from(telegram(dsmr5Lines).toString("latin1").replace("1-0:1.8.1", "1.8.1"), "latin1");
  expect(decodeBytes(lost, context)).toEqual([expect.objectContaining({ family: "p1", integrity: "invalid" })]);
});

it("believes no readout with one changed bit, and never throws", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: readout.length - 1 }), fc.integer({ min: 0, max: 6 }), (at, bit) => {
      const bad = Buffer.from(session);
      const place = session.length - readout.length + at;
      bad[place] = (bad[place] ?? 0) ^ (1 << bit);
      for (const { integrity, error } of decodeBytes(bad, context)) expect(error ? "refused" : integrity).not.toBe("valid");
    }),
  );
});
