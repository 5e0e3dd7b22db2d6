import { expect, it } from "vitest";
import { decodeBytes } from "../../../drivers/decode/decode-bytes.ts";
import { decodedValue } from "../../../drivers/decode/decode-p1.ts";
import { dsmr5Lines, telegram } from "../../fake/p1-telegram.ts";

const errorsOf = (bytes: Uint8Array): (string | undefined)[] =>
  decodeBytes(bytes, { zone: "CET", receivedMs: 0 }).map(({ error }) => error?.message);

it.each([
  ["a time in winter", { text: "260310201433W", unit: null }, { value: "260310201433W", unit: null }],
  ["a time in summer", { text: "260610201433S", unit: null }, { value: "260610201433S", unit: null }],
  ["a unit without its star", { text: "000123.456kWh", unit: null }, { value: 123.456, unit: "kWh" }],
  ["watts without their star", { text: "0412W", unit: null }, { value: 412, unit: "W" }],
  ["a figure with its unit", { text: "00.412", unit: "kW" }, { value: 0.412, unit: "kW" }],
  ["an identifier", { text: "0012", unit: null }, { value: "0012", unit: null }],
])("keeps %s apart", (_, said, value) => {
  expect(decodedValue(said)).toEqual(value);
});

it("says that an editor changed the line ends, and only then", () => {
  const sent = telegram(dsmr5Lines).toString("latin1");
  expect(errorsOf(Buffer.from(sent.replaceAll("\r\n", "\n"), "latin1"))).toEqual([
    expect.stringMatching(/CRC says.*LF.*was changed/),
  ]);
  expect(errorsOf(Buffer.from(sent.replace("(", ")"), "latin1"))).toEqual([expect.stringMatching(/CRC says.*baud rate$/)]);
});

it("says how hex text is read", () => {
  expect(errorsOf(Buffer.from(telegram(dsmr5Lines).toString("hex")))).toEqual([expect.stringContaining("--hex")]);
  expect(errorsOf(Buffer.from("hello, world"))).toEqual([expect.not.stringContaining("--hex")]);
});
