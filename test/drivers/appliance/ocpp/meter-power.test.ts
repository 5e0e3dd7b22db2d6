import fc from "fast-check";
import { expect, it } from "vitest";
import { importPower, MeterValues } from "../../../../drivers/appliance/ocpp/meter-power.ts";

const at = "2026-11-22T12:00:00Z";
const atMs = Date.parse(at);
const power = (value: string, more: object = {}): object => ({ value, measurand: "Power.Active.Import", ...more });
const of = (...samples: object[]) =>
  importPower(MeterValues.parse({ connectorId: 1, meterValue: [{ timestamp: at, sampledValue: samples }] }))?.powerW;

it.each<[string, object[], number | undefined]>([
  ["watts", [power("7360.4", { unit: "W" })], 7_360],
  ["watts where no unit stands", [power("7360")], 7_360],
  ["kilowatts", [power(" 7.36 ", { unit: "kW" })], 7_360],
  [
    "phases, added",
    [power("2000", { phase: "L1" }), power("1.5", { phase: "L2-N", unit: "kW" }), power("1", { phase: "L3" })],
    3_501,
  ],
  ["the sum beside phases", [power("2000", { phase: "L1" }), power("5000")], 5_000],
  [
    "what is so now, not at the beginning",
    [power("0", { context: "Transaction.Begin" }), power("3000", { context: "Sample.Periodic" })],
    3_000,
  ],
  ["nothing of energy", [{ value: "100" }, { value: "9", measurand: "Power.Offered" }], undefined],
  ["nothing of the car's own meter", [power("1", { location: "EV" })], undefined],
  ["nothing of signed data", [power("AB", { format: "SignedData" })], undefined],
  ["nothing of what is no number", [power("NaN"), power("1e9"), power("0x10"), power("")], undefined],
  ["nothing of what cannot be", [power("100001")], undefined],
  ["nothing of a strange unit", [power("1", { unit: "hp" })], undefined],
])("reads %s", (_what, samples, watts) => expect(of(...samples)).toBe(watts));

it("takes the newest of several", () => {
  const meterValue = [
    { timestamp: "2026-11-22T11:59:00Z", sampledValue: [power("1")] },
    { timestamp: at, sampledValue: [power("2")] },
    { timestamp: "yesterday", sampledValue: [power("3")] },
    { timestamp: "2026-11-22T12:01:00Z", sampledValue: [{ value: "5" }] },
  ];
  expect(importPower(MeterValues.parse({ connectorId: 1, meterValue }))).toEqual({ powerW: 2, atMs });
});

it("never throws, whatever the strings are", () => {
  const samples = fc.array(
    fc.record({ value: fc.string(), measurand: fc.constant("Power.Active.Import"), phase: fc.string(), unit: fc.string() }),
  );
  const property = fc.property(fc.string(), samples, (timestamp, sampledValue) => {
    const read = importPower({ connectorId: 1, meterValue: [{ timestamp, sampledValue }] });
    expect(read === undefined || Number.isInteger(read.powerW)).toBe(true);
  });
  fc.assert(property);
});
