import { expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";

it("bears 100,000 hurt inputs: nothing thrown, no wrong checksum passed, no memory left behind", { timeout: 120_000 }, () => {
  const { faults, accepted, rejected, grownMiB } = fuzz({ count: 100_000, seed: 20_261_122 });
  expect(faults).toEqual([]);
  // The inputs are hurt and not dead: many frames stay whole, and many do not.
  expect(accepted).toBeGreaterThan(20_000);
  expect(rejected).toBeGreaterThan(20_000);
  expect(grownMiB).toBeLessThan(4);
});
