import fc from "fast-check";
import { expect, it } from "vitest";
import { afterBytes, afterReading, lineSearch } from "../../../drivers/meter/line-search.ts";
import { serialCandidates } from "../../../drivers/meter/serial-options.ts";
import { p1Settings } from "../../../drivers/meter/dsmr/dsmr.ts";

/** Hears 50 bytes a second that make no reading. */
const deaf = (seconds: number, search = lineSearch(0), candidates = 3) => {
  const tried: number[] = [];
  let now = search;
  for (let second = 1; second <= seconds; second++) {
    const next = afterBytes(now, 50, search.sinceMs + second * 1000, candidates);
    if (next.at !== now.at) tried.push(next.at);
    now = next;
  }
  return tried;
};

it("goes round all candidates while bytes come and no reading", () => expect(deaf(90)).toEqual([1, 2, 0, 1]));

it("stays where it is while readings come", () => {
  let search = lineSearch(0);
  for (let second = 0; second < 600; second++) search = afterReading(afterBytes(search, 800, second * 1000, 3), second * 1000);
  expect(search).toMatchObject({ at: 0, proven: true });
});

it("gives up a candidate that has worked only after five minutes of garbage", () => {
  expect(deaf(299, afterReading(lineSearch(0), 0))).toEqual([]);
  expect(deaf(301, afterReading(lineSearch(0), 0))).toEqual([1]);
});

it("does not search on an empty line, for a few stray bytes, or with a single candidate", () => {
  expect(afterBytes(lineSearch(0), 31, 3_600_000, 3).at).toBe(0);
  expect(deaf(120, lineSearch(0), 1)).toEqual([]);
});

it("keeps what the household has set and tries the rest", () => {
  expect(serialCandidates(p1Settings, {})).toEqual(p1Settings);
  expect(serialCandidates(p1Settings, { baud: 9600, data_bits: 7, parity: "even", stop_bits: 1 })).toEqual([
    { baud: 9600, dataBits: 7, parity: "even", stopBits: 1 },
  ]);
  fc.assert(
    fc.property(fc.constantFrom("none", "even", "odd"), (parity) => {
      const candidates = serialCandidates(p1Settings, { parity });
      expect(candidates.every((settings) => settings.parity === parity)).toBe(true);
      expect(new Set(candidates.map((settings) => JSON.stringify(settings))).size).toBe(candidates.length);
    }),
  );
});
