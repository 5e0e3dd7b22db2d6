import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitReserve, reservedFeeder } from "../../../aggregator/optimise/limit-reserve.ts";
import { describeHomes, elm, feederDesk, homesOf, togetherW } from "./feeder-desk.ts";
import { bootTwo, message, midnightMs, quarterMs, slotItem } from "../rows.ts";

const hourMs = 3_600_000;

describe("the reserve", () => {
  it("is as large as the errors of that share of the slots, and never below nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50_000, max: 50_000 }), { maxLength: 300 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (errors, quantile) => {
          const reserve = limitReserve(quantile);
          for (const [at, errorW] of errors.entries()) reserve.note("elm", at * quarterMs, errorW);
          const reserveW = reserve.reserveW("elm");
          expect(reserveW).toBeGreaterThanOrEqual(0);
          expect(errors.filter((errorW) => errorW <= reserveW).length).toBeGreaterThanOrEqual(quantile * errors.length - 1e-9);
          if (reserveW > 0) expect(errors).toContain(reserveW);
          expect(reserve.reserveW("oak")).toBe(0);
        },
      ),
    );
  });

  it("forgets errors of more than four weeks ago, and is nothing where it is not wanted", () => {
    const reserve = limitReserve(0.99);
    reserve.note("elm", 0, 9000);
    reserve.note("elm", 29 * 24 * hourMs, 100);
    expect(reserve.reserveW("elm")).toBe(100);
    const none = limitReserve(0);
    none.note("elm", 0, 9000);
    expect(none.reserveW("elm")).toBe(0);
  });

  it("takes no more than a quarter of a limit, and binds nobody while nothing was measured", () => {
    const hours = new Float64Array([1, 0.25]);
    const feeder = {
      name: "elm",
      importLimitWh: new Float64Array([8000, 2000]),
      exportLimitWh: new Float64Array([8000, 2000]),
      members: [0],
    };
    expect([...reservedFeeder(feeder, hours, 1000).importLimitWh]).toEqual([7000, 1750]);
    expect([...reservedFeeder(feeder, hours, 1e6).importLimitWh]).toEqual([6000, 1500]);
    expect([...reservedFeeder(feeder, hours, 0).importLimitWh]).toEqual([Infinity, Infinity]);
    expect(reservedFeeder(feeder, hours, 1000)).toMatchObject({ soft: true, members: [0] });
  });
});

describe("in the running aggregator", () => {
  /** Eight homes that draw more than was foretold in the hours after the first plan. */
  async function surprised(importLimitW: number, deliveredWh: number) {
    const sites = homesOf(8);
    const made = await feederDesk([elm(importLimitW, sites)], sites);
    const { store, desk, clock } = made;
    await describeHomes(store, sites);
    await desk.planAll();
    await clock.advance(2 * hourMs + 10 * 60_000);
    for (const site of sites) {
      const [plan = expect.fail()] = await store.plans(site);
      const told = (quarter: number): number =>
        plan.list.instructions.some(
          ({ operationModeId, executionTime, validUntil }) =>
            operationModeId === "on" &&
            Date.parse(executionTime) <= midnightMs + quarter * quarterMs &&
            midnightMs + quarter * quarterMs < Date.parse(validUntil),
        )
          ? 500
          : 0;
      // 260 W more than the 400 W that each house drew in the days before.
      const rows = Array.from({ length: 8 }, (_, at) => slotItem(at + 1, at, 660 / 4 + told(at)));
      await store.ingest(site, message(rows, bootTwo));
      await store.saveStatus(site, {
        v: 1,
        resource: "boiler",
        at: new Date(clock.now()).toISOString(),
        operationModeId: "off",
        reason: "plan",
        deliveredWh,
      });
    }
    await desk.planAll();
    await clock.advance(60_000);
    return { ...made, sites };
  }

  it("leaves as much room as its plans were short of before", async () => {
    const { store, sites, failures } = await surprised(14_000, 4000);
    const sums = await togetherW(store, sites, 26);
    expect(Math.max(...sums.slice(9))).toBeLessThanOrEqual(12_000);
    expect(failures).toEqual([]);
    expect(await store.shortfalls(0, midnightMs + 24 * hourMs)).toEqual([]);
  });

  it("gives up no wish for it", async () => {
    // Of 8 relays of 2 kW five at a time give 42.5 of 48 kWh until half past six, six give them all.
    const { store, sites } = await surprised(17_000, 0);
    const sums = await togetherW(store, sites, 26);
    expect(Math.max(...sums.slice(9))).toBeGreaterThan(15_000);
    expect(await store.curtailments(0)).toEqual([]);
  });
});
