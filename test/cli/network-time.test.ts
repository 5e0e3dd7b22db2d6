import { expect, it, onTestFinished, vi } from "vitest";
import { networkTime, type TimeKeeper } from "../../cli/network-time.ts";
import { silentLog } from "../fake/silent-log.ts";

async function watched(keeper: TimeKeeper) {
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const log = silentLog();
  return { ...(await networkTime({ keeper, log, signal: ending.signal })), log, ending };
}

it.each<[string, TimeKeeper, boolean]>([
  ["believes a clock that network time has set", { ask: async () => "yes\n", marked: () => false }, true],
  ["does not believe one that it has not", { ask: async () => "no\n", marked: () => true }, false],
  ["goes by timesyncd's mark where nobody answers", { ask: () => Promise.reject(new Error("no bus")), marked: () => true }, true],
  ["believes it where nobody can be asked", { ask: () => Promise.reject(new Error("no bus")), marked: () => false }, true],
])("%s", async (_, keeper, synced) => expect((await watched(keeper)).synced()).toBe(synced));

it("says it when the clock is set, and when it is no longer, without asking all the time", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  let answer = "no";
  const { synced, log, ending } = await watched({ ask: async () => (asked++, answer), marked: () => false });
  expect([synced(), log.lines.map(({ fields }) => fields["code"])]).toEqual([false, ["clock-unsynced"]]);
  answer = "yes";
  await vi.advanceTimersByTimeAsync(15_000);
  expect([synced(), log.informed("network time has set the clock")]).toEqual([true, 1]);
  await vi.advanceTimersByTimeAsync(599_000);
  expect(asked).toBe(2);
  answer = "no";
  await vi.advanceTimersByTimeAsync(1000);
  expect([synced(), log.lines]).toMatchObject([false, [{ level: "warn" }, { level: "warn" }]]);
  ending.abort();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(asked).toBe(3);
});
