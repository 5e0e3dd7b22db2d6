import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayRewards, type HomeDay } from "../../../aggregator/reward/budget.ts";
import { divideHalfEven } from "../../../core/units.ts";
import { exampleEvent } from "../../settlement/fixture.ts";

type Slot = readonly [baselineWh: number, meteredWh: number, perKwh: string];
const control = { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 1 };
const homeOf = (site: string, slots: readonly Slot[], change: Partial<HomeDay["rule"]> = {}): HomeDay => ({
  site,
  rule: { kind: "flexibility", share: 750, paidAs: "money", control, ...change },
  events: slots.length === 0 ? [] : [exampleEvent(slots, 0)],
});
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

describe("the rewards of a day", () => {
  it("are each home's share of what it earned where there is enough", () => {
    const homes = [homeOf("a", [[1000, 0, "400000"]]), homeOf("b", [[0, 1000, "100000"]]), homeOf("c", [])];
    expect(dayRewards(homes)).toEqual({
      pot: 300_000n,
      fundedPpm: 1_000_000,
      rewards: [
        { site: "a", earned: 400_000n, amount: 300_000n },
        { site: "b", earned: -100_000n, amount: 0n },
        { site: "c", earned: 0n, amount: 0n },
      ],
    });
  });

  it("are cut alike where losses of others, or the market, left less", () => {
    const homes = [homeOf("a", [[1000, 0, "400000"]]), homeOf("b", [[2000, 0, "400000"]]), homeOf("c", [[0, 1000, "900000"]])];
    const { pot, fundedPpm, rewards } = dayRewards(homes);
    expect([pot, fundedPpm, rewards.map(({ amount }) => amount)]).toEqual([300_000n, 333_334, [100_000n, 200_000n, 0n]]);
    expect(dayRewards(homes, 9_000n).rewards.map(({ amount }) => amount)).toEqual([3000n, 6000n, 0n]);
    expect(dayRewards(homes, 10n ** 12n).pot).toBe(300_000n);
    for (const nothing of [0n, -5n]) expect(dayRewards(homes, nothing)).toMatchObject({ pot: 0n });
    expect(sum(dayRewards(homes, -5n).rewards.map(({ amount }) => amount))).toBe(0n);
  });

  const slot = fc.tuple(fc.nat(5000), fc.nat(5000), fc.integer({ min: -500_000, max: 900_000 }).map(String));
  const home = fc.record({
    slots: fc.array(slot, { maxLength: 8 }),
    share: fc.nat(1000),
    paidAs: fc.constantFrom("money" as const, "better_price" as const, "discount" as const),
  });
  const homes = fc
    .array(home, { maxLength: 12 })
    .map((all) => all.map(({ slots, ...rule }, index) => homeOf(`gw-${index}`, slots, rule)));
  const broughtIn = fc.option(fc.bigInt({ min: -1_000_000n, max: 3_000_000n }));

  it("never exceed what flexibility earned or brought in, and no home pays", () => {
    fc.assert(
      fc.property(homes, broughtIn, (all, market) => {
        const { pot, rewards } = dayRewards(all, market);
        const net = sum(rewards.map(({ earned }) => earned));
        const paid = sum(rewards.map(({ amount }) => amount));
        expect(rewards.every(({ amount }) => amount >= 0n)).toBe(true);
        expect(paid).toBeLessThanOrEqual(pot);
        expect(paid === 0n || paid <= net).toBe(true);
        if (market !== null) expect(paid === 0n || paid <= market).toBe(true);
      }),
    );
  });

  it("are the full shares, rounded half-even, where these fit, and else cut no more than they must be", () => {
    fc.assert(
      fc.property(homes, broughtIn, (all, market) => {
        const money = all.map(({ rule, ...rest }) => ({ ...rest, rule: { ...rule, paidAs: "money" as const } }));
        const { pot, fundedPpm, rewards } = dayRewards(money, market);
        const at = (ppm: number) =>
          money.map(({ rule: { share } }, index) => {
            const earned = rewards[index]?.earned ?? 0n;
            return earned <= 0n ? 0n : divideHalfEven(earned * BigInt(share) * BigInt(ppm), 1_000_000_000n);
          });
        expect(rewards.map(({ amount }) => amount)).toEqual(at(fundedPpm));
        if (fundedPpm < 1_000_000) expect(sum(at(fundedPpm + 1))).toBeGreaterThan(pot);
      }),
    );
  });

  it("do not depend on the order of homes", () => {
    fc.assert(
      fc.property(
        homes.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        broughtIn,
        ([all, shuffled], market) => {
          const bySite = (list: HomeDay[]) => new Map(dayRewards(list, market).rewards.map((reward) => [reward.site, reward]));
          expect(bySite(shuffled)).toEqual(bySite(all));
        },
      ),
    );
  });
});
