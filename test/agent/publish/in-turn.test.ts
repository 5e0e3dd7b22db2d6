import { expect, it } from "vitest";
import { inTurn } from "../../../agent/publish/in-turn.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";

it("does not hold up whoever hands in work, keeps the order, and goes on after a failure", async () => {
  const clock = fakeClock(0);
  const done: string[] = [];
  const add = inTurn(clock, new AbortController().signal, (error) => done.push(String(error)));
  const slowChain = Promise.withResolvers<void>();
  add(async () => {
    await slowChain.promise;
    done.push("first");
  });
  add(() => Promise.reject(new Error("second failed")));
  add(async () => void done.push("third"));
  await Promise.resolve();
  expect(done).toEqual([]);
  slowChain.resolve();
  // The clock waits for all of it, so that simulated time does not run away.
  await clock.advance(1);
  expect(done).toEqual(["first", "Error: second failed", "third"]);
});

it("begins nothing once it is to end, and is silent about what fails then for want of a closed store", async () => {
  const clock = fakeClock(0);
  const ending = new AbortController();
  const done: string[] = [];
  const add = inTurn(clock, ending.signal, (error) => done.push(String(error)));
  const slowChain = Promise.withResolvers<void>();
  add(async () => {
    await slowChain.promise;
    throw new Error("the database connection is not open");
  });
  add(async () => void done.push("second"));
  ending.abort();
  slowChain.resolve();
  await clock.advance(1);
  expect(done).toEqual([]);
});
