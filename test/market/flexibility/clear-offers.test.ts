import fc from "fast-check";
import { expect, it } from "vitest";
import { clearOffers, type OfferedSeat } from "../../../market/flexibility/clear-offers.ts";
import { overloadSumW, overloads } from "../../../market/flexibility/congestion.ts";
import { oneFeeder } from "./flex-rig.ts";

const seat = (prognosisW: number[], powerW: number[], price: number, leastShare = 0): OfferedSeat => ({
  point: "feeder",
  prognosisW,
  offer: { id: `${prognosisW.join()} for ${price}`, request: 1, powerW, price: BigInt(price), whole: true, leastShare },
});
const kept = (grid: ReturnType<typeof oneFeeder>, seats: OfferedSeat[], cleared: ReturnType<typeof clearOffers>): number =>
  overloadSumW(
    grid,
    seats.map(({ point, prognosisW }, index) => ({ point, powerW: cleared[index]?.order?.powerW ?? prognosisW })),
  );

it("pays what was asked, and leaves out the dearest that is not needed", () => {
  const seats = [seat([6000, 0, 0, 0], [4000, 0, 0, 2000], 100_000), seat([6000, 0, 0, 0], [4000, 0, 0, 2000], 300_000)];
  const cleared = clearOffers(oneFeeder(10_000), 1, seats, 1_000_000n);
  expect(cleared[0]?.order).toMatchObject({ price: 100_000n, share: 1_000_000, asked: [1, 0, 0, 0] });
  expect(cleared[1]).toMatchObject({ order: null, why: { code: "market-flex-not-needed" } });
});

it("orders a part where a part is enough and may be ordered, for that part of the price", () => {
  const seats = [seat([10_000, 0, 0, 0], [6000, 0, 0, 4000], 400_000, 250_000), seat([4000, 0, 0, 0], [4000, 0, 0, 0], 0)];
  const grid = oneFeeder(12_000);
  const [one] = clearOffers(grid, 1, seats, 1_000_000n);
  expect(one?.order?.share).toBeGreaterThanOrEqual(500_000);
  expect(one?.order?.share).toBeLessThanOrEqual(500_002);
  expect(Number(one?.order?.price)).toBeCloseTo(200_000, -1);
  const whole = [{ ...seats[0]!, offer: { ...seats[0]!.offer!, leastShare: 1_000_000 } }, seats[1]!];
  expect(clearOffers(grid, 1, whole, 1_000_000n)[0]?.order).toMatchObject({ share: 1_000_000, price: 400_000n });
});

it("takes nothing that is dearer than the reserve price for what it moves as asked", () => {
  const seats = [seat([10_000, 0, 0, 0], [8000, 0, 0, 2000], 400_001)];
  const grid = oneFeeder(8000);
  expect(clearOffers(grid, 1, seats, 200_000n)[0]).toMatchObject({ order: null, why: { code: "market-flex-above-reserve" } });
  expect(clearOffers(grid, 1, seats, 200_001n)[0]?.order?.price).toBe(400_001n);
});

it("clears what is fed in too much as well", () => {
  const seats = [seat([-9000, 0, 0, 0], [-5000, 0, 0, 0], 100_000, 0)];
  const grid = oneFeeder(Infinity, 7000);
  const [one] = clearOffers(grid, 1, seats, 1_000_000n);
  expect(one?.order?.powerW[0]).toBeGreaterThanOrEqual(-7000);
  expect(one?.order?.powerW[0]).toBeLessThan(-6900);
  expect(one?.order?.asked[0]).toBe(-1);
});

it("keeps limits as well as all offers together do, and pays nobody more than asked or than the reserve price", () => {
  const watts = fc.integer({ min: -4000, max: 9000 });
  const four = fc.tuple(watts, watts, watts, watts).map((all): number[] => [...all]);
  const offered = fc
    .tuple(four, four, fc.integer({ min: 0, max: 3_000_000 }), fc.integer({ min: 0, max: 1_000_000 }))
    .map(([from, to, price, least]) => seat(from, to, price, least));
  fc.assert(
    fc.property(fc.array(offered, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1000, max: 30_000 }), (seats, limitW) => {
      const grid = oneFeeder(limitW, limitW);
      const reserve = 200_000n;
      const cleared = clearOffers(grid, 1, seats, reserve);
      const taken = seats.map((one, index) =>
        cleared[index]?.why?.code === "market-flex-above-reserve" ? { ...one, offer: null } : one,
      );
      const allOfThem = overloadSumW(
        grid,
        taken.map(({ point, prognosisW, offer }) => ({ point, powerW: offer?.powerW ?? prognosisW })),
      );
      expect(kept(grid, seats, cleared)).toBeLessThanOrEqual(allOfThem);
      const directions = overloads(
        grid,
        seats.map(({ point, prognosisW }) => ({ point, powerW: prognosisW })),
      );
      for (const [index, { order }] of cleared.entries()) {
        if (!order) continue;
        expect(order.price).toBeLessThanOrEqual(seats[index]!.offer!.price);
        expect(order.share).toBeGreaterThanOrEqual(seats[index]!.offer!.leastShare);
        if (directions.length === 0) expect(order).toBeNull();
      }
    }),
    { numRuns: 300 },
  );
});
