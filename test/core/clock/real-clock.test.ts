import { expect, it } from "vitest";
import { realClock } from "../../../core/clock/real-clock.ts";
import { until } from "../../fake/until.ts";

const clockThatCollects = () => {
  const errors: unknown[] = [];
  const clock = realClock({ onError: (error) => errors.push(error) });
  return { clock, errors };
};

it("tells the machine's time", () => {
  const { clock } = clockThatCollects();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
  const [one, other] = [clock.monotonicMs(), clock.monotonicMs()];
  expect(other).toBeGreaterThanOrEqual(one);
  expect(clock.synced()).toBe(true);
  expect(realClock({ onError: () => undefined, synced: () => false }).synced()).toBe(false);
});

it("gives what jobs throw to onError and goes on", async () => {
  const { clock, errors } = clockThatCollects();
  const ending = new AbortController();
  clock.every(
    1,
    () => {
      throw new Error("sync");
    },
    ending.signal,
  );
  clock.after(1, () => Promise.reject(new Error("async")), ending.signal);
  await until(
    "both kinds were heard twice",
    () => errors.length >= 3 && errors.some((error) => (error as Error).message === "async"),
  );
  ending.abort();
});

it("never runs one periodic job twice at once", async () => {
  const { clock } = clockThatCollects();
  const ending = new AbortController();
  let running = 0;
  let most = 0;
  let runs = 0;
  clock.every(
    1,
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      runs++;
    },
    ending.signal,
  );
  await until("it ran three times", () => runs >= 3);
  ending.abort();
  expect(most).toBe(1);
});

it("runs nothing after the abort", async () => {
  const { clock } = clockThatCollects();
  const ending = new AbortController();
  let ran = 0;
  clock.after(5, () => void ran++, ending.signal);
  clock.every(5, () => void ran++, ending.signal);
  ending.abort();
  clock.after(1, () => void ran++, ending.signal);
  clock.every(1, () => void ran++, ending.signal);
  const other = new AbortController();
  let later = 0;
  clock.every(10, () => void later++, other.signal);
  await until("time has passed", () => later >= 3);
  other.abort();
  expect(ran).toBe(0);
});
