import { expect, it } from "vitest";
import { loadParty, type FlexibleLoad } from "../../../planner/community/flexible-load.ts";
import { roundDesk } from "../../../planner/community/round-desk.ts";

/** Two cars that would both take the first of four hours. */
const price = Float64Array.of(0.1, 0.2, 0.3, 0.15).map((one) => one / 1000);
const car: FlexibleLoad = { energyWh: 6000, mostWh: price.map(() => 6000), onOff: false };
const desk = (mostWh: number) =>
  roundDesk(
    {
      parties: [car, car].map((load) => loadParty(load, price, 0.1)),
      portfolio: {
        community: {
          hours: price.map(() => 1),
          parties: ["a", "b"].map((name) => ({ name, curtailedBeforeWh: 0 })),
          feeders: [
            { name: "own", members: [0, 1], importLimitWh: price.map(() => mostWh), exportLimitWh: price.map(() => Infinity) },
          ],
          scale: 0.0001,
          seed: 1,
          keepWithin: 0,
        },
        nowMs: () => 0,
        mostMs: 10_000,
      },
    },
    1,
    0.1,
  );

it("foretells within its own limits, so that nobody pays for what these alone move", () => {
  expect(desk(20_000).prognosis().powerW).toEqual([12_000, 0, 0, 0]);
  const { powerW, cost } = desk(8000).prognosis();
  expect(powerW).toEqual([8000, 0, 0, 4000]);
  expect(cost).toBe(1_400_000n);
  const offer = desk(8000).fit({
    mostW: [8000, 8000, 8000, 8000],
    leastW: price.map(() => -Infinity),
    guide: new Float64Array(4),
    paid: new Float64Array(4),
  });
  expect(offer).toMatchObject({ powerW: [8000, 0, 0, 4000], price: 0n });
});
