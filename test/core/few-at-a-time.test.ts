import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { fewAtATime } from "../../core/few-at-a-time.ts";

it("has so many under way and no more, begins in order, and goes on after a failure", async () => {
  const few = fewAtATime(3);
  const begun: number[] = [];
  let [running, most] = [0, 0];
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, at) =>
      few(async () => {
        begun.push(at);
        most = Math.max(most, ++running);
        await turn();
        running--;
        if (at % 7 === 0) throw new Error("no");
        return at;
      }),
    ),
  );
  expect(most).toBe(3);
  expect(begun).toEqual(Array.from({ length: 50 }, (_, at) => at));
  expect(results.map((result) => (result.status === "fulfilled" ? result.value : "failed"))).toEqual(
    Array.from({ length: 50 }, (_, at) => (at % 7 === 0 ? "failed" : at)),
  );
  expect(await few(async () => "later")).toBe("later");
});

it("lets the event loop turn between pieces that wait for nothing outside the process", async () => {
  const few = fewAtATime(2);
  let turns = 0;
  let isDone = false;
  const count = (): void => void (isDone || (turns++, setImmediate(count)));
  setImmediate(count);
  await Promise.all(Array.from({ length: 40 }, () => few(() => Promise.resolve())));
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(19);
});
