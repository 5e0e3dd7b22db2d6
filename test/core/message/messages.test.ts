import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { Address, Instant, LocalTime, Micro, Name } from "../../../core/message/fields.ts";
import { InstructionAck, InstructionList } from "../../../core/message/instruction.ts";
import { Measurements, Receipt } from "../../../core/message/measurements.ts";
import { priceAt, PriceSeries } from "../../../core/message/price-series.ts";
import { Resource, ResourceStatus, SiteState } from "../../../core/message/resource.ts";
import { SettlementDown, SettlementUp } from "../../../core/message/settlement-message.ts";

const uuid = "6f1c2a4e-58a0-4f0e-9a4b-0f3c5c9be001";
const at = "2026-04-02T10:00:00.000Z";
const until = "2026-04-02T10:15:00.000Z";
const hash = `0x${"ab".repeat(32)}`;
const slot = {
  kind: "slot",
  seq: 1,
  meter: "grid",
  role: "grid",
  register: "import",
  start: at,
  end: until,
  wh: 250,
  quality: "valid",
  clockSynced: true,
};
const series = { v: 1, currency: "EUR", start: at, stepS: 900, importPerKwh: ["250000", "-1000"], exportPerKwh: ["90000", "0"] };
const instruction = { id: uuid, executionTime: at, validUntil: until, operationModeId: "on", reason: "cheapest" };
const resource = {
  v: 1,
  resource: "boiler",
  controlType: "OMBC",
  operationModes: [{ id: "off", powerW: 0 }],
  minOnS: 300,
  minOffS: 300,
  failsafeMode: "off",
  demand: { kind: "energy", energyWh: 8000, notBefore: "20:00", readyBy: "06:30" },
  timezone: "Europe/Amsterdam",
  maxImportW: 17_250,
};

const good: [string, z.ZodType, Record<string, unknown>][] = [
  ["measurements", Measurements, { v: 1, boot: uuid, items: [slot] }],
  ["receipt", Receipt, { boot: uuid, seq: 0 }],
  ["price series", PriceSeries, series],
  ["instructions", InstructionList, { plan: uuid, resource: "boiler", instructions: [instruction] }],
  ["ack", InstructionAck, { v: 1, plan: uuid, resource: "boiler", status: "ACCEPTED", at }],
  ["resource", Resource, resource],
  ["status", ResourceStatus, { v: 1, resource: "boiler", at, operationModeId: "on", reason: "x", deliveredWh: 0 }],
  ["site state", SiteState, { v: 1, state: "ready", boot: uuid }],
  ["countersignature", SettlementDown, { kind: "countersigned", seq: 1, digest: hash, signature: `0x${"cd".repeat(65)}` }],
  ["dispute", SettlementUp, { v: 1, kind: "disputed", seq: 1, digest: hash, code: "x", message: "y", own: { wh: 5 } }],
];

it.each(good)("%s: takes what fits and ignores unknown fields", (_, schema, message) => {
  expect(schema.parse({ ...message, later: { more: 1 } })).toEqual(message);
});

it("ignores unknown fields deep inside too", () => {
  expect(Measurements.parse({ v: 1, boot: uuid, items: [{ ...slot, later: 1 }] }).items).toEqual([slot]);
});

it.each<[string, z.ZodType, unknown]>([
  ["item kind", Measurements, { v: 1, boot: uuid, items: [{ ...slot, kind: "guess" }] }],
  ["register", Measurements, { v: 1, boot: uuid, items: [{ ...slot, register: "reactive" }] }],
  ["quality", Measurements, { v: 1, boot: uuid, items: [{ ...slot, quality: "perfect" }] }],
  ["role", Measurements, { v: 1, boot: uuid, items: [{ ...slot, role: "battery" }] }],
  ["status", InstructionAck, { v: 1, plan: uuid, resource: "boiler", status: "MAYBE", at }],
  ["state", SiteState, { v: 1, state: "confused", boot: uuid }],
  ["control type", Resource, { ...resource, controlType: "FRBC" }],
  ["demand", Resource, { ...resource, demand: { kind: "comfort" } }],
  ["settlement message", SettlementDown, { kind: "maybe", seq: 1 }],
  ["version", PriceSeries, { ...series, v: 2 }],
])("rejects an unknown %s", (_, schema, message) => expect(schema.safeParse(message).success).toBe(false));

it.each<[string, z.ZodType, unknown]>([
  ["no items", Measurements, { v: 1, boot: uuid, items: [] }],
  ["501 items", Measurements, { v: 1, boot: uuid, items: Array.from({ length: 501 }, () => slot) }],
  ["a fraction of a Wh", Measurements, { v: 1, boot: uuid, items: [{ ...slot, wh: 0.5 }] }],
  ["seq 0 of a row", Measurements, { v: 1, boot: uuid, items: [{ ...slot, seq: 0 }] }],
  ["a boot that is no UUID", Receipt, { boot: "1", seq: 1 }],
  [
    "an instruction that ends before it begins",
    InstructionList,
    { plan: uuid, resource: "b", instructions: [{ ...instruction, validUntil: at }] },
  ],
  [
    "1001 instructions",
    InstructionList,
    { plan: uuid, resource: "b", instructions: Array.from({ length: 1001 }, () => instruction) },
  ],
  ["prices as numbers", PriceSeries, { ...series, importPerKwh: [250_000] }],
  ["no prices", PriceSeries, { ...series, exportPerKwh: [] }],
  ["steps of 4 min", PriceSeries, { ...series, stepS: 240 }],
])("rejects %s", (_, schema, message) => expect(schema.safeParse(message).success).toBe(false));

describe("fields", () => {
  it.each<[z.ZodType, string[], string[]]>([
    [
      Instant,
      [at, "2026-04-02T10:00:00Z", "2028-02-29T00:00:00Z"],
      ["2026-04-02T10:00:00+02:00", "2026-04-02T10:00:00", "2026-02-30T00:00:00Z", "2026-04-02"],
    ],
    [Micro, ["0", "-5", "123456789012345678901234567890"], ["", "1.5", "1e3", " 1", "0x1", "1234567890123456789012345678901"]],
    [Name, ["a", "heat_pump-1", "x".repeat(48)], ["", "a.b", "a/b", "a b", "x".repeat(49), "é"]],
    [LocalTime, ["00:00", "23:59"], ["24:00", "7:30", "07:60", "07:30:00"]],
    [Address, [`0x${"a1".repeat(20)}`], [`0x${"A1".repeat(20)}`, `0x${"a1".repeat(19)}`, "a1".repeat(20)]],
  ])("%#", (schema, goods, bads) => {
    for (const text of goods) expect(schema.safeParse(text).success, text).toBe(true);
    for (const text of bads) expect(schema.safeParse(text).success, text).toBe(false);
  });
});

describe("priceAt", () => {
  const parsed = PriceSeries.parse(series);
  it.each<[string, bigint | undefined]>([
    ["2026-04-02T09:59:59.999Z", undefined],
    ["2026-04-02T10:00:00Z", 250_000n],
    ["2026-04-02T10:14:59.999Z", 250_000n],
    ["2026-04-02T10:15:00Z", -1000n],
    ["2026-04-02T10:30:00Z", undefined],
  ])("import at %s is %s", (instant, expected) => expect(priceAt(parsed, "import", Date.parse(instant))).toBe(expected));

  it("refuses import and export prices of different lengths", () =>
    expect(PriceSeries.safeParse({ ...series, exportPerKwh: ["1"] }).error?.issues[0]?.message).toBe(
      "must have as many steps as importPerKwh",
    ));

  it("finds the step that holds the instant, for any instant", () => {
    const steps = Array.from({ length: 96 }, (_, step) => String(step));
    const long = PriceSeries.parse({ ...series, importPerKwh: steps, exportPerKwh: steps });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 96 * 900_000 - 1 }), (ms) => {
        expect(priceAt(long, "import", Date.parse(at) + ms)).toBe(BigInt(Math.floor(ms / 900_000)));
      }),
    );
  });
});
