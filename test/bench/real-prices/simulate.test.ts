import fc from "fast-check";
import { expect, it } from "vitest";
import { comfort, warmth } from "../../../bench/real-prices/local-protection.ts";
import { simulate, type Command, type Reality, type Run } from "../../../bench/real-prices/simulate.ts";
import { madeHome } from "./made-trial.ts";

const home = { ...madeHome, batteryWh: 10_000, batteryMaxW: 4000 };
const start = { batteryWh: 5000, tankC: 55, roomC: 20.3 };
const slots = 24;
const each = (value: number): number[] => Array.from({ length: slots }, () => value);
const reality = (over: Partial<Reality> = {}): Reality => ({
  hours: 1,
  importPrice: each(0.3),
  exportPrice: each(0.05),
  baseWh: each(400),
  pvWh: each(0),
  drawWh: each(0),
  outdoorC: each(5),
  cop: each(3),
  sessions: [],
  ...over,
});
const nothing: Command = { carWh: 0, tankWh: 0, heatWh: 0, battery: { mode: "fixed", wh: 0 }, curtails: false };
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** What came in through the meter and from the roof, less what was used and what is left more in the stores. */
function imbalances(run: Run, what: Reality): number[] {
  const flow = (name: keyof Run["flows"][number]): number => sum(run.flows.map((one) => one[name]));
  const meter =
    sum(run.netWh) - (sum(what.baseWh) - sum(what.pvWh) + flow("car") + flow("tank") + flow("heat") + flow("battery"));
  const before = [start.tankC, ...run.tankC];
  const tank = flow("tank") - sum(what.drawWh) - home.tankWhPerK * (run.final.tankC - start.tankC) - lossWh(before, run, what);
  const car = sum(what.sessions.map(({ wh }) => wh)) - sum(run.final.carLeftWh) - flow("car") * home.carEfficiency;
  const charged = run.flows.map(({ battery }) =>
    battery >= 0 ? battery * home.batteryEfficiency : battery / home.batteryEfficiency,
  );
  const battery = start.batteryWh + sum(charged) - run.final.batteryWh;
  return [meter - flow("curtailed"), tank, car, battery];
}

/** The tank's losses by many small steps, apart from the closed form. */
function lossWh(before: readonly number[], run: Run, what: Reality): number {
  const steps = 2000;
  let lost = 0;
  for (const [slot, fromC] of before.slice(0, -1).entries()) {
    let celsius = fromC;
    for (let step = 0; step < steps; step += 1) {
      const loss = (home.tankLossWPerK * (celsius - comfort.ambientC) * what.hours) / steps;
      celsius += ((run.flows[slot]?.tank ?? 0) / steps - loss) / home.tankWhPerK;
      lost += loss;
    }
  }
  return lost;
}

const command: fc.Arbitrary<Command> = fc.record({
  carWh: fc.double({ min: 0, max: 9000, noNaN: true }),
  tankWh: fc.double({ min: 0, max: 4000, noNaN: true }),
  heatWh: fc.double({ min: 0, max: 4000, noNaN: true }),
  carFollows: fc.boolean(),
  carTakesSpare: fc.boolean(),
  tankTakesSpare: fc.boolean(),
  battery: fc.oneof(
    fc.record({ mode: fc.constant("fixed" as const), wh: fc.double({ min: -6000, max: 6000, noNaN: true }) }),
    fc.record({ mode: fc.constantFrom("follow" as const, "spare" as const, "serve" as const) }),
  ),
  curtails: fc.boolean(),
});

it("loses and makes no energy, and keeps every limit, whatever is asked", () => {
  fc.assert(
    fc.property(
      fc.array(command, { minLength: slots, maxLength: slots }),
      fc.array(fc.nat(6000), { minLength: slots, maxLength: slots }),
      fc.array(fc.nat(1500), { minLength: slots, maxLength: slots }),
      fc.array(fc.double({ min: -0.2, max: 0.4, noNaN: true }), { minLength: slots, maxLength: slots }),
      (commands, pvWh, drawWh, price) => {
        const what = reality({
          pvWh,
          drawWh,
          exportPrice: price,
          importPrice: price.map((one) => one + 0.1),
          sessions: [{ from: 4, until: 14, wh: 30_000 }],
        });
        const run = simulate(home, what, start, (slot) => commands[slot] ?? nothing);
        for (const imbalance of imbalances(run, what)) expect(Math.abs(imbalance)).toBeLessThan(20);
        expect(run.missedKwh).toBeLessThan(1e-9);
        expect(run.peakW).toBeLessThanOrEqual(home.fuseW + 1e-6);
        for (const { battery, tank, heat, car } of run.flows) {
          expect(Math.abs(battery)).toBeLessThanOrEqual(home.batteryMaxW + 1e-9);
          expect(tank).toBeLessThanOrEqual(home.tankW + 1e-9);
          expect(heat).toBeLessThanOrEqual(home.heatW + 1e-9);
          expect(car).toBeLessThanOrEqual(home.carMaxW + 1e-9);
        }
        for (const roomC of run.roomC) expect(roomC).toBeGreaterThanOrEqual(comfort.roomC - 1e-6);
        for (const tankC of run.tankC) expect(tankC).toBeLessThanOrEqual(comfort.tankMaxC + 1e-6);
      },
    ),
    { numRuns: 30 },
  );
});

it("cools as many small steps do", () => {
  let celsius = 60;
  for (let step = 0; step < 36_000; step += 1) celsius += (1000 / 36_000 - (2 * (celsius - 20)) / 36_000) / 290;
  expect(warmth(60, 1000, { whPerK: 290, lossWPerK: 2, aroundC: 20, hours: 1 })).toBeCloseTo(celsius, 4);
});

it("charges late where it is not asked to, so that the car is full when it leaves", () => {
  const run = simulate(home, reality({ sessions: [{ from: 2, until: 10, wh: 20_000 }] }), start, () => nothing);
  expect(run.missedKwh).toBeLessThan(1e-9);
  expect(run.flows.findIndex(({ car }) => car > 0)).toBe(6);
});

it("lets thermostats step in where a strategy does nothing", () => {
  const run = simulate(home, reality({ drawWh: each(300) }), start, () => nothing);
  expect(run.kelvinHours).toBeLessThan(1e-9);
  expect(Math.min(...run.tankC)).toBeGreaterThanOrEqual(comfort.tankC - 1e-9);
});

it("counts how much too cold it was where no power could help", () => {
  const run = simulate(home, reality({ drawWh: [8000, ...Array.from({ length: slots - 1 }, () => 0)] }), start, () => nothing);
  expect(run.kelvinHours).toBeGreaterThan(1);
});

it("holds PV back only where it costs money, and pays by the meter's net", () => {
  const sunny = { pvWh: each(3000), exportPrice: each(-0.1), outdoorC: each(25) };
  const idle = { ...nothing, battery: { mode: "fixed" as const, wh: 0 } };
  const sold = simulate(home, reality(sunny), start, () => idle);
  const held = simulate(home, reality(sunny), start, () => ({ ...idle, curtails: true }));
  expect(sold.bill).toBeGreaterThan(5);
  expect(held.bill).toBeCloseTo(0, 6);
});

it("holds PV back where taking from the grid earns money, but no more than the fuse bears", () => {
  const paid = { importPrice: each(-0.1), outdoorC: each(25), pvWh: each(4000), baseWh: each(home.fuseW) };
  const run = simulate(home, reality(paid), start, () => ({ ...nothing, curtails: true }));
  expect(run.peakW).toBeCloseTo(home.fuseW, 6);
  expect(run.flows[0]?.curtailed).toBeCloseTo(4000, 6);
  const more = simulate(home, reality({ ...paid, baseWh: each(home.fuseW + 1000) }), start, () => ({
    ...nothing,
    curtails: true,
  }));
  expect(more.peakW).toBeCloseTo(home.fuseW, 6);
  expect(more.flows[0]?.curtailed).toBeCloseTo(3000, 6);
});
