import fc from "fast-check";
import { expect, it } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { spreadEvery } from "../../../core/clock/spread-every.ts";

const periodMs = 60_000;
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `home-${at}`);

it("has a turn for each name once a period, and never more than an even share of them in one moment", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 4 }), async (count, periods) => {
      const clock = fakeClock(0);
      const at = new Map<string, number[]>();
      spreadEvery(
        clock,
        periodMs,
        namesOf(count),
        (name) => void at.set(name, [...(at.get(name) ?? []), clock.monotonicMs()]),
        new AbortController().signal,
      );
      await clock.advance(periods * periodMs);
      const turns = [...at.values()];
      expect(turns).toHaveLength(count);
      for (const own of turns) {
        expect(own).toHaveLength(periods);
        for (const [index, ms] of own.entries())
          if (index > 0) expect(Math.abs(ms - (own[index - 1] ?? 0) - periodMs)).toBeLessThan(60);
      }
      const moments = Map.groupBy(turns.flat(), (ms) => ms);
      for (const together of moments.values()) expect(together.length).toBeLessThanOrEqual(Math.ceil(count / 60));
    }),
    { numRuns: 30 },
  );
});

it("makes up for turns that the machine was too busy for, one for each name and no more", () => {
  let elapsedMs = 0;
  let job: () => void = () => undefined;
  const had: string[] = [];
  const clock = {
    monotonicMs: () => elapsedMs,
    every: (_: number, given: () => void | Promise<void>) => void (job = () => void given()),
  };
  spreadEvery(clock, periodMs, namesOf(60), (name) => void had.push(name), new AbortController().signal);
  elapsedMs = 3000;
  job();
  expect(had).toEqual(["home-0", "home-1", "home-2"]);
  elapsedMs = 10 * periodMs;
  job();
  expect(had.splice(3)).toHaveLength(60);
});

it("does nothing for no names", async () => {
  const clock = fakeClock(0);
  spreadEvery(clock, periodMs, [], () => expect.fail(), new AbortController().signal);
  await clock.advance(2 * periodMs);
});
