import { expect, it } from "vitest";
import { encodedDay, logBytes } from "../../../bench/gas/log-size.ts";
import { monthlyGas } from "../../../bench/gas/monthly.ts";
import type { PilotGas } from "../../../bench/gas/pilot.ts";

const gas = {
  commitWithBlobs: 80_000,
  attachBlobs: 30_000,
  settleMany: 50_000,
  depositMany: 10_000,
  deposit: 60_000,
} as PilotGas;
const month = { prosumers: 1000, recordsADay: 96, bytesADay: 96_000 * 32, settlementsAMonth: 1, topUps: "together" } as const;

it("counts a root and its blobs a day, and a settlement and a top-up a month", () => {
  // 96,000 records of 32 bytes fill 25 blobs: 6 with the root, 19 in four more transactions.
  const daily = 80_000 + 4 * 30_000 + 25 * 8192;
  expect(monthlyGas(gas, month)).toBeCloseTo((30 * daily + 1000 * 60_000) / (30 * 96_000), 9);
});

it("needs no further transaction where all fits beside the root", () => {
  expect(monthlyGas(gas, { ...month, prosumers: 10, bytesADay: 960 * 32 })).toBeCloseTo(
    (30 * (80_000 + 8192) + 10 * 60_000) / (30 * 960),
    9,
  );
});

it("tells top-ups of each home by itself, and daily settlements, from the others", () => {
  const base = monthlyGas(gas, month);
  expect(monthlyGas(gas, { ...month, topUps: "alone" }) - base).toBeCloseTo(50_000 / 2880, 9);
  expect(monthlyGas(gas, { ...month, settlementsAMonth: 30 }) - base).toBeCloseTo((29 * 60_000) / 2880, 9);
});

it("takes the bytes of a day from the encoder that publishes it", () => {
  expect(logBytes(5, 96)).toEqual(encodedDay(5, 96));
  // Form, number of leaves, 480 digests and the hash of the price series.
  expect(encodedDay(5, 96).digests).toBe(5 + 481 * 32);
});
