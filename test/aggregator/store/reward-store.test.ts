import { expect, it } from "vitest";
import type { FlexEvent } from "../../../aggregator/store/event-store.ts";
import type { StoredReward } from "../../../aggregator/store/reward-store.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

const dayMs = 96 * quarterMs;
const agreement = `0x${"7e".repeat(32)}`;
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const eventOf = (number: number, from: number, to: number, change: Partial<FlexEvent> = {}): FlexEvent => ({
  site: "a",
  plan: uuid(number),
  resource: "car",
  agreement,
  meter: "car-meter",
  baseline: "charge_now",
  startMs: midnightMs + from * quarterMs,
  endMs: midnightMs + to * quarterMs,
  powerW: 11_000,
  overridden: false,
  excused: false,
  ...change,
});
const rewardOf = (site: string, day: number, amount = 1n): StoredReward => ({
  site,
  startMs: midnightMs + day * dayMs,
  endMs: midnightMs + (day + 1) * dayMs,
  agreement,
  earned: -(10n ** 25n),
  amount,
  evidence: {
    fundedPpm: 1_000_000,
    events: [
      {
        plan: uuid(1),
        resource: "car",
        meter: "car-meter",
        baseline: "charge_now",
        slots: [{ start: "2026-03-01T23:00:00Z", end: "2026-03-01T23:15:00Z", baselineWh: 2, meteredWh: 1, perKwh: "-5" }],
      },
    ],
  },
});

it("keeps events once, and gives those that touch a time, in order", async () => {
  const { store, reopen } = await scratchStore();
  const [late, early] = [eventOf(1, 8, 12), eventOf(2, 0, 4, { powerW: null, baseline: "ten_of_ten", meter: "grid" })];
  for (const event of [late, early, eventOf(3, 0, 4, { site: "b" })]) await store.addEvent(event);
  await store.addEvent({ ...late, endMs: late.endMs + 1, meter: "other" });
  const again = await reopen();
  expect(await again.events("a", midnightMs, midnightMs + dayMs)).toEqual([early, late]);
  expect(await again.events("a", early.endMs, late.startMs)).toEqual([]);
  expect(await again.events("a", early.endMs - 1, late.startMs)).toEqual([early]);
  expect(await again.events("a", early.endMs, late.startMs + 1)).toEqual([late]);
});

it("an override is of the event that runs, and of no other", async () => {
  const { store } = await scratchStore();
  for (const event of [
    eventOf(1, 0, 4),
    eventOf(2, 4, 8),
    eventOf(3, 0, 8, { resource: "boiler" }),
    eventOf(4, 0, 8, { site: "b" }),
  ])
    await store.addEvent(event);
  const at = midnightMs + 4 * quarterMs;
  expect([await store.overrideEvents("a", "car", at), await store.overrideEvents("a", "car", at)]).toEqual([1, 0]);
  const all = [...(await store.events("a", 0, 1e15)), ...(await store.events("b", 0, 1e15))];
  expect(all.map(({ plan, overridden }) => [plan, overridden])).toEqual([
    [uuid(1), false],
    [uuid(3), false],
    [uuid(2), true],
    [uuid(4), false],
  ]);
});

it("the first price of a slot counts for ever, and none comes when the slot has begun", async () => {
  const { store } = await scratchStore();
  const price = (index: number, perKwh: bigint) => ({
    startMs: midnightMs + index * quarterMs,
    endMs: midnightMs + (index + 1) * quarterMs,
    perKwh,
  });
  const nowMs = midnightMs + quarterMs;
  expect(await store.freezePrices([price(0, 9n), price(1, 400_000n), price(2, -7n)], nowMs)).toBe(2);
  expect(await store.freezePrices([price(2, 9n), price(3, 8n)], nowMs)).toBe(1);
  expect(await store.freezePrices([price(0, 1n)], nowMs)).toBe(0);
  expect(await store.frozenPrices(midnightMs, midnightMs + dayMs)).toEqual([price(1, 400_000n), price(2, -7n), price(3, 8n)]);
  expect(await store.frozenPrices(nowMs + 1, nowMs + quarterMs)).toEqual([price(1, 400_000n)]);
});

it("gives the import of any meter, and of a slot that came twice the first", async () => {
  const { store } = await scratchStore();
  const car = { meter: "car-meter", role: "load" as const };
  await store.ingest(
    "a",
    message([slotItem(1, 1, 20, car), slotItem(2, 0, 10, car), slotItem(3, 0, 500), slotItem(4, 0, 99, car)]),
  );
  await store.ingest("b", message([slotItem(1, 0, 77, car)]));
  expect((await store.meterSlots("a", "car-meter", midnightMs, midnightMs + dayMs)).map(({ wh }) => wh)).toEqual([10, 20]);
  expect((await store.meterSlots("a", "grid", midnightMs, midnightMs + dayMs)).map(({ wh }) => wh)).toEqual([500]);
  expect(await store.meterSlots("a", "car-meter", midnightMs + 2 * quarterMs, midnightMs + dayMs)).toEqual([]);
});

it("keeps the rewards of a day all or none, each with its contract and its plans", async () => {
  const { store, reopen } = await scratchStore();
  const rewards = [rewardOf("a", 0, 10n ** 20n), { ...rewardOf("b", 0, 0n), evidence: null }];
  expect([await store.addRewards(rewards, 5), await store.addRewards([], 5)]).toEqual([true, true]);
  expect(await store.addRewards([rewardOf("c", 0), rewardOf("a", 0, 7n)], 6)).toBe(false);
  expect(await store.addRewards([rewardOf("a", 1)], 6)).toBe(true);
  const again = await reopen();
  expect(await again.rewardOf("a", midnightMs)).toEqual(rewards[0]);
  expect([await again.rewardOf("c", midnightMs), await again.rewardOf("a", midnightMs + 1)]).toEqual([null, null]);
  expect(await again.rewards(null, midnightMs, midnightMs + 1)).toEqual(rewards);
  expect(await again.rewards("a", midnightMs, midnightMs + 2 * dayMs)).toEqual([rewards[0], rewardOf("a", 1)]);
});

it("of two that reckon one day at once, one is kept", async () => {
  const { store } = await scratchStore();
  const mine = (amount: bigint) => ["a", "b", "c"].map((site) => rewardOf(site, 0, amount));
  const kept = await Promise.all([1n, 2n, 3n].map((amount) => store.addRewards(mine(amount), 1)));
  expect(kept.filter(Boolean)).toHaveLength(1);
  expect(new Set((await store.rewards(null, 0, 1e15)).map(({ amount }) => amount)).size).toBe(1);
});

it("is erased with the home: events with its personal data, rewards with its records", async () => {
  const { store } = await scratchStore();
  for (const site of ["a", "b"]) await store.addEvent(eventOf(1, 0, 4, { site }));
  await store.addRewards([rewardOf("a", 0), rewardOf("b", 0)], 5);
  expect(await store.eraseSite("a", 9)).toMatchObject({ flex_event: 1 });
  expect(await store.rewards(null, 0, 1e15)).toHaveLength(2);
  await store.eraseRecords("a", 9);
  expect((await store.rewards(null, 0, 1e15)).map(({ site }) => site)).toEqual(["b"]);
  expect([await store.events("a", 0, 1e15), (await store.events("b", 0, 1e15)).length]).toEqual([[], 1]);
});

it("keeps the rewards of ten thousand homes for a day, all or none", async () => {
  const { store } = await scratchStore();
  const all = Array.from({ length: 10_000 }, (_, at) => ({
    ...rewardOf(`gw-${String(at).padStart(5, "0")}`, 0),
    evidence: null,
  }));
  expect(await store.addRewards([...all.slice(0, -1), rewardOf("gw-00000", 0)], midnightMs)).toBe(false);
  expect(await store.rewards(null, midnightMs, midnightMs + 1)).toEqual([]);
  expect(await store.addRewards(all, midnightMs)).toBe(true);
  expect(await store.rewards(null, midnightMs, midnightMs + 1)).toEqual(all);
});
