import { expect, it } from "vitest";
import type { Sample } from "../../../../drivers/meter/modbus/decode-register.ts";
import type { Measurement } from "../../../../drivers/meter/modbus/measurement.ts";
import { firstCounters, isPlausible, voltageVerdict } from "../../../../drivers/meter/modbus/plausibility.ts";

const values = (figures: Partial<Record<Measurement, number | null>>): Map<Measurement, Sample | null> =>
  new Map(
    Object.entries(figures).map(([name, raw]) => [name as Measurement, raw === null ? null : { raw, exponent: 0, unit: "" }]),
  );

it.each<[ReturnType<typeof voltageVerdict>, Partial<Record<Measurement, number | null>>]>([
  ["good", { voltageL1: 230, voltageL2: 0, voltageL3: null }],
  ["good", { voltage: 80 }],
  ["good", { voltage: 300 }],
  ["bad", { voltage: 79.9 }],
  ["bad", { voltage: 301 }],
  ["bad", { voltageL1: 230, voltageL2: 1e-40 }],
  ["bad", { voltage: -230 }],
  ["silent", { voltageL1: 0, power: 5 }],
  ["silent", {}],
])("the voltage is %s: %j", (verdict, figures) => expect(voltageVerdict(values(figures))).toBe(verdict));

it.each<[boolean, Partial<Record<Measurement, number>>]>([
  [true, { voltage: 230, frequency: 50 }],
  [true, { voltage: 120, frequency: 60 }],
  [true, { power: 100, frequency: 0 }],
  [false, { voltage: 230, frequency: 44.9 }],
  [false, { voltage: 230, frequency: 500 }],
  [false, { voltage: 23, frequency: 50 }],
  [false, { voltage: 230, power: Infinity }],
])("plausible %s: %j", (plausible, figures) => expect(isPlausible(values(figures))).toBe(plausible));

it("judges nothing by a register that only one source knows", () => {
  expect(isPlausible(values({ voltage: 230, frequency: 5 }), ["frequency"])).toBe(true);
});

/** Counts at polls 5 s apart, and what is believed of them. */
it.each<[string, (number | null)[], (number | null)[]]>([
  ["a steady counter, from the second poll on", [1000, 1001, 1001], [null, 1001, 1001]],
  ["a counter of a new meter", [0, 0, 1], [null, 0, 1]],
  ["the true count after a zero of the start", [0, 5_000_000, 5_000_001], [null, null, 5_000_001]],
  ["the true count after an old one", [4000, 5_000_000, 5_000_001], [null, null, 5_000_001]],
  ["the true count after one that was too high", [9_000_000, 5_000_000, 5_000_001], [null, null, 5_000_001]],
  ["a counter that was not there at first", [null, 1000, 1001], [null, null, 1001]],
  ["a later step back, for the ledger to judge", [1000, 1000, 0], [null, 1000, 0]],
])("believes %s", (_, counts, believed) => {
  const first = firstCounters();
  expect(counts.map((wh, at) => first.believed("import", wh, at * 5000))).toEqual(believed);
});

it("does not believe one counter for the other", () => {
  const first = firstCounters();
  first.believed("import", 10, 0);
  expect([first.believed("export", 10, 5000), first.believed("import", 10, 5000)]).toEqual([null, 10]);
});
