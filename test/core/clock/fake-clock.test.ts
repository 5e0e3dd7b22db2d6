import { expect, it } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { iso } from "../../../core/clock/clock.ts";

const startMs = Date.parse("2026-02-01T00:00:00Z");
const forever = new AbortController().signal;

it("stands still until it is moved", async () => {
  const clock = fakeClock(startMs);
  expect([clock.now(), clock.monotonicMs(), clock.synced()]).toEqual([startMs, 0, true]);
  await clock.advance(1500);
  expect([iso(clock.now()), clock.monotonicMs()]).toEqual(["2026-02-01T00:00:01.500Z", 1500]);
});

it("runs what is due in order of time, then of arrival, each at its own instant", async () => {
  const clock = fakeClock(startMs);
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${name}@${clock.monotonicMs()}`);
  clock.after(3000, note("once"), forever);
  clock.every(1000, note("a"), forever);
  clock.every(1000, note("b"), forever);
  await clock.advance(3000);
  expect(ran).toEqual(["a@1000", "b@1000", "a@2000", "b@2000", "once@3000", "a@3000", "b@3000"]);
});

it("waits for jobs and for held work before advance() ends", async () => {
  const clock = fakeClock(startMs);
  const done: string[] = [];
  const later = (name: string) => new Promise<void>((resolve) => setTimeout(() => (done.push(name), resolve()), 5));
  clock.after(10, () => later("job"), forever);
  clock.after(10, () => void clock.hold(later("held")), forever);
  await clock.advance(10);
  expect(done.toSorted()).toEqual(["held", "job"]);
});

it("runs nothing after the abort, also when a job of the same instant aborts", async () => {
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  const ran: string[] = [];
  clock.every(1000, () => (ran.push("first"), ending.abort()), ending.signal);
  clock.every(1000, () => void ran.push("second"), ending.signal);
  await clock.advance(5000);
  clock.after(1, () => void ran.push("late"), ending.signal);
  await clock.advance(5000);
  expect(ran).toEqual(["first"]);
});

it("throws from advance() what a job threw, after everything else has run", async () => {
  const clock = fakeClock(startMs);
  let ran = 0;
  clock.after(1, () => Promise.reject(new Error("broken")), forever);
  clock.after(2, () => void ran++, forever);
  await expect(clock.advance(5)).rejects.toThrow("broken");
  expect(ran).toBe(1);
  await clock.advance(5);
});

it("jumps only in wall time", async () => {
  const clock = fakeClock(startMs);
  clock.jump(-3_600_000);
  clock.setSynced(false);
  expect([clock.now() - startMs, clock.monotonicMs(), clock.synced()]).toEqual([-3_600_000, 0, false]);
});
