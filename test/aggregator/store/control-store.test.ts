import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { midnightMs, scratchStore } from "../rows.ts";
import { planOf } from "../plans.ts";

const feeder = { kind: "feeder", name: "elm" } as const;

it("keeps what operators said until it ends or is taken back, over a restart", async () => {
  const { store, reopen } = await scratchStore();
  await store.addWord({ word: "pause", scope: feeder, atMs: 10, untilMs: null, limitW: null });
  await store.addWord({ word: "reduce", scope: { kind: "all" }, atMs: 20, untilMs: 50, limitW: null });
  await store.addWord({ word: "pause", scope: { kind: "home", name: "a" }, atMs: 30, untilMs: null, limitW: null });
  const again = await reopen();
  expect(await again.wordsAt(40)).toEqual([
    { id: 1, word: "pause", scope: feeder, atMs: 10, untilMs: null, limitW: null },
    { id: 2, word: "reduce", scope: { kind: "all" }, atMs: 20, untilMs: 50, limitW: null },
    { id: 3, word: "pause", scope: { kind: "home", name: "a" }, atMs: 30, untilMs: null, limitW: null },
  ]);
  expect((await again.wordsAt(50)).map(({ id }) => id)).toEqual([1, 3]);
  expect(await again.endWords(feeder, 60)).toBe(1);
  expect(await again.endWords({ kind: "all" }, 60)).toBe(0);
  expect((await again.wordsAt(60)).map(({ id }) => id)).toEqual([3]);
});

it("keeps shortfalls of feeders, and of each home and day the largest curtailment", async () => {
  const { store } = await scratchStore();
  const shortfall = { feeder: "elm", kind: "import-limit", startMs: 1, endMs: 2, amountW: 700, atMs: 5 } as const;
  await store.addLimitCosts({});
  await store.addLimitCosts({ shortfalls: [shortfall, { ...shortfall, atMs: 9 }] });
  expect(await store.shortfalls(0, 9)).toEqual([shortfall]);
  for (const wh of [300, 500, 400]) await store.addLimitCosts({ curtailments: [{ site: "a", dayMs: midnightMs, wh }] });
  expect(await store.curtailments(midnightMs)).toEqual([{ site: "a", dayMs: midnightMs, wh: 500 }]);
  expect(await store.curtailments(midnightMs + 1)).toEqual([]);
  await store.eraseSite("a", 1);
  expect(await store.curtailments(0)).toEqual([]);
});

it("tells which plans homes followed", async () => {
  const { store } = await scratchStore();
  await store.savePlans("a", [planOf("boiler", 1), planOf("car", 2)], 100);
  await store.answerPlan("a", planOf("boiler", 1).plan, "ACCEPTED", null);
  await store.answerPlan("a", planOf("car", 2).plan, "REJECTED", "x");
  expect(await store.acceptedPlans("a", 100, 101)).toEqual([{ list: planOf("boiler", 1), atMs: 100 }]);
  expect(await store.acceptedPlans("a", 101, 200)).toEqual([]);
});

it("keeps what limits cost under the lease of the moment, all of it or nothing", async () => {
  const { store } = await scratchStore();
  const first = (await store.takeLease("feeder elm", "one", null)) ?? expect.fail("not taken");
  const cost = {
    shortfalls: [{ feeder: "elm", kind: "import-limit", startMs: 1, endMs: 2, amountW: 700, atMs: 5 } as const],
    curtailments: [{ site: "a", dayMs: midnightMs, wh: 300 }],
  };
  await store.addLimitCosts(cost, first);
  const second = (await store.takeLease("feeder elm", "two", first)) ?? expect.fail("not taken over");
  const more = { shortfalls: cost.shortfalls, curtailments: [{ site: "a", dayMs: midnightMs, wh: 900 }] };
  expect(await store.addLimitCosts(more, first).catch(errorCode)).toBe("lease-lost");
  expect(await store.shortfalls(0, 9)).toEqual(cost.shortfalls);
  expect(await store.curtailments(0)).toEqual(cost.curtailments);
  await store.addLimitCosts({ curtailments: more.curtailments }, second);
  expect(await store.curtailments(0)).toEqual(more.curtailments);
});
