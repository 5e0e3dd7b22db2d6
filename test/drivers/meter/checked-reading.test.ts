import fc from "fast-check";
import { expect, it } from "vitest";
import { Reading } from "../../../core/reading.ts";
import { checkedReading } from "../../../drivers/meter/checked-reading.ts";

const good: Reading = {
  meter: "m",
  meterId: null,
  receivedMs: 1,
  meterMs: 2,
  clockSynced: true,
  quality: "valid",
  importWh: 10,
  exportWh: 0,
  tariffs: { "1": { importWh: 10, exportWh: 0 } },
  powerW: -5,
  phases: [{ voltageV: 230.1, currentA: 1, powerW: -5 }],
  subMeters: [{ channel: 1, medium: "gas", id: "g", value: 1.5, unit: "m3", atMs: null }],
};
const figure = fc.oneof(fc.integer({ min: -10, max: 1_000_000 }), fc.constantFrom(NaN, Infinity, -Infinity, 0.5, 2 ** 53, -1));
const accepted = (draft: Reading): boolean => {
  try {
    checkedReading(draft);
    return true;
  } catch {
    return false;
  }
};

it("accepts exactly the figures that the schema of a reading accepts", () => {
  const change = fc.record(
    {
      importWh: fc.oneof(figure, fc.constant(null)),
      exportWh: fc.oneof(figure, fc.constant(null)),
      powerW: fc.oneof(figure, fc.constant(null)),
      receivedMs: figure,
      meterMs: fc.oneof(figure, fc.constant(null)),
      tariffs: fc.record({ "2": fc.record({ importWh: figure, exportWh: figure }) }),
      phases: fc.array(fc.record({ voltageV: figure, currentA: figure, powerW: figure }, { requiredKeys: [] }), { maxLength: 3 }),
      subMeters: fc.array(
        figure.map((value) => ({ channel: 1, medium: "gas" as const, id: null, value, unit: "m3", atMs: null })),
        { minLength: 1, maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(change, (changed) => {
      const draft = { ...good, ...changed };
      expect(accepted(draft)).toBe(Reading.safeParse(draft).success);
    }),
  );
});

it("refuses what measures nothing, and marks what no connection can carry", () => {
  expect(() => checkedReading({ ...good, importWh: null, exportWh: null, powerW: null, subMeters: [] })).toThrow(
    /no counter, no power/,
  );
  expect(checkedReading({ ...good, powerW: 1_000_001 }).quality).toBe("suspect");
  expect(checkedReading({ ...good, phases: [{ voltageV: 501 }] }).quality).toBe("suspect");
  expect(checkedReading(good).quality).toBe("valid");
});
