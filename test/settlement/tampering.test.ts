import { expect, it } from "vitest";
import { quickVerdict } from "../../settlement/verify/verify.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { flipBytes } from "../tampering/flip-bytes.ts";
import { randomBundle } from "../tampering/random-bundle.ts";

it("no bundle is good any more with another byte, wherever it is (npm run test:tampering flips them all)", async () => {
  const random = seededRandom(7);
  for (let count = 0; count < 12; count++) {
    const { bundle, chain } = await randomBundle(random);
    expect(await quickVerdict(bundle, chain)).toBe("good");
    const flips = await flipBytes(bundle, chain, random, 23);
    expect(flips.survivors).toEqual([]);
    expect(flips.bad).toBeGreaterThan(50);
  }
}, 60_000);

it("white space and the order of keys are no part of what is proved", async () => {
  const { bundle, chain } = await randomBundle(seededRandom(3));
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== "object" || value === null) return value;
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(entries.toReversed().map(([key, item]) => [key, reversed(item)]));
  };
  const text = JSON.stringify(reversed(bundle), null, 3);
  expect(await quickVerdict(JSON.parse(text), chain)).toBe("good");
});
