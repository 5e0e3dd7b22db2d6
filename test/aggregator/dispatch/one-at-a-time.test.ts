import { expect, it } from "vitest";
import { oneAtATime } from "../../../aggregator/dispatch/one-at-a-time.ts";

function asked() {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const ask = oneAtATime((name) => {
    begun.push(name);
    return new Promise<void>((resolve, reject) => ends.push((error) => (error ? reject(error) : resolve())));
  });
  return { begun, ends, ask };
}

it("runs once for all that ask while it runs, and once more afterwards", async () => {
  const { begun, ends, ask } = asked();
  const first = ask("a");
  const waiting = Promise.all(Array.from({ length: 100 }, () => ask("a")));
  expect(begun).toEqual(["a"]);
  ends[0]?.();
  await first;
  await Promise.resolve();
  expect(begun).toEqual(["a", "a"]);
  ends[1]?.();
  await waiting;
  const later = ask("a");
  expect(begun).toHaveLength(3);
  ends[2]?.();
  await later;
});

it("goes on after a failure, and lets names not wait for each other", async () => {
  const { begun, ends, ask } = asked();
  const [one, other, next] = [ask("a").catch(String), ask("b"), ask("a")];
  expect(begun).toEqual(["a", "b"]);
  ends[0]?.(new Error("no"));
  expect(await one).toBe("Error: no");
  await Promise.resolve();
  expect(begun).toEqual(["a", "b", "a"]);
  ends[1]?.();
  ends[2]?.();
  await Promise.all([other, next]);
});
