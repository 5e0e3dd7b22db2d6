import { expect, it, onTestFinished } from "vitest";
import { homesDesk, roundThread, type RoundTask } from "../../../aggregator/flexibility/round-room.ts";
import type { GroupMember } from "../../../aggregator/optimise/group-home.ts";
import { Problem } from "../../../planner/problem.ts";

const slots = 12;
const members = Array.from({ length: 14 }, (_, index): GroupMember => ({
  seed: index,
  problem: Problem.parse({
    slot_minutes: 15,
    slots,
    import_price_per_kwh: Array.from({ length: slots }, (__, slot) => (slot === 5 || slot === 6 ? 0.1 : 0.2 + 0.001 * slot)),
    base_load_w: 300,
    appliances: [{ type: "deferrable", name: "boiler", energy_wh: 1000, power_w: 2000 }],
  }),
}));
const task = (change: Partial<RoundTask> = {}): RoundTask => ({
  name: "elm",
  untilMs: 1000,
  hours: new Float64Array(slots).fill(0.25),
  sites: members.map((_, index) => `home-${index}`),
  feeders: [],
  terms: { margin: 0.1, leastPerKwh: 50_000n },
  told: { from: 4, count: 8 },
  slotHours: 0.25,
  mostMs: 60_000,
  ...change,
});
/** The told slots, with room for half of the homes in the cheap ones. */
const room = {
  mostW: Array.from({ length: 8 }, (_, slot) => (slot === 1 || slot === 2 ? 18_200 : 1e9)),
  leastW: Array.from({ length: 8 }, () => -1e9),
  guide: new Float64Array(8),
  paid: new Float64Array(8),
};

it("answers rounds in a thread as it does here, and tells of the day alone", { timeout: 60_000 }, async () => {
  const thread = roundThread();
  onTestFinished(() => thread.close());
  const [there, here] = [await thread.open(members, task(), 0), homesDesk(members, task(), () => performance.now())];
  expect(there.prognosis()).toEqual(here.prognosis());
  const { powerW, parties } = there.prognosis();
  expect([powerW.length, parties]).toEqual([8, 14]);
  // All want the two cheap slots.
  expect(powerW.slice(0, 4)).toEqual([4200, 32_200, 32_200, 4200]);
  const round = { shiftWh: new Float64Array(8).fill(-20), penalty: 1e-7 };
  const plain = ({ powerW: watts, price, whole }: { powerW: number[]; price: bigint; whole: boolean }) => ({
    watts,
    price,
    whole,
  });
  expect(plain(await there.answer(round))).toEqual(plain(here.answer(round)));
  const [fitted, own] = [await there.fit(room), here.fit(room)];
  expect(plain(fitted)).toEqual(plain(own));
  expect(Math.max(...fitted.powerW)).toBeLessThanOrEqual(32_200);
  expect(fitted.powerW[1]).toBeLessThanOrEqual(18_200);
  // Not less than 0.05 for each kWh that left the cheap slots.
  const movedWh = fitted.powerW.reduce((sum, watts, slot) => sum + Math.max(0, (powerW[slot] ?? 0) - watts), 0) / 4;
  expect(Number(fitted.price)).toBeGreaterThanOrEqual(movedWh * 50);
});

it("keeps the homes of two desks apart, and forgets desks of days that are over", { timeout: 60_000 }, async () => {
  const thread = roundThread();
  onTestFinished(() => thread.close());
  const few = members.slice(0, 3);
  const [first, second] = await Promise.all([
    thread.open(members, task(), 0),
    thread.open(few, task({ name: "birch", sites: few.map((_, index) => `home-${index}`), untilMs: 3000 }), 0),
  ]);
  expect([first.prognosis().parties, second.prognosis().parties]).toEqual([14, 3]);
  await thread.open(few, task({ name: "oak", sites: few.map((_, index) => `home-${index}`), untilMs: 3000 }), 2000);
  await expect(first.fit(room)).rejects.toThrow("no homes are read for elm");
  expect((await second.fit(room)).powerW).toHaveLength(8);
});
