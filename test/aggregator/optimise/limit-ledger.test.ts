import { expect, it } from "vitest";
import { limitLedger } from "../../../aggregator/optimise/limit-ledger.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { midnightMs, quarterMs, scratchStore } from "../rows.ts";

const slots = [{ startMs: midnightMs, endMs: midnightMs + quarterMs, microPerKwh: 1n }];
const result = {
  feeders: [{ feeder: "elm", kind: "import-limit" as const, slot: 0, slots: 1, amountW: 100, message: "too much" }],
  curtailed: [],
};

it("keeps a shortfall with the next plan where the database could not take it", async () => {
  const { store } = await scratchStore();
  let isAway = true;
  const ledger = limitLedger(
    {
      ...store,
      addLimitCosts: (costs, fence) => (isAway ? Promise.reject(new Error("away")) : store.addLimitCosts(costs, fence)),
    },
    silentLog(),
  );
  await expect(ledger.note(result, slots, midnightMs)).rejects.toThrow("away");
  isAway = false;
  for (const atMs of [midnightMs + 1, midnightMs + 2]) await ledger.note(result, slots, atMs);
  expect((await store.shortfalls(0, midnightMs + 3)).map(({ atMs }) => atMs)).toEqual([midnightMs + 1]);
});
