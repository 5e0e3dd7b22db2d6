import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { marketRounds } from "../../cli/market-rounds.ts";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { CaseResult } from "../../market/flexibility/case-result.ts";
import { scratch } from "../fake/scratch.ts";

async function run(text: string, options: { json?: true; strict?: true } = {}): Promise<string> {
  const file = join(scratch("market-rounds"), "case.json");
  writeFileSync(file, text);
  const lines: string[] = [];
  try {
    const code = await marketRounds(file, options, (line) => lines.push(line));
    return code === 0 ? lines.join("\n") : `exit ${code}`;
  } catch (error) {
    return `${errorCode(error)}: ${errorMessage(error).replaceAll(file, "CASE")}`;
  }
}
const played = async (one: object): Promise<CaseResult> => JSON.parse(await run(JSON.stringify(one))) as CaseResult;

const hourly = { slot_minutes: 60, slots: 4 };
const prices = [0.1, 0.2, 0.3, 0.15];
const load = (name: string, kwh: number, kw: number, slots: number[], more: object = {}): object => ({
  name,
  energy_wh: kwh * 1000,
  power_w: kw * 1000,
  slots,
  ...more,
});
const aggregator = (name: string, loads: object[], more: object = {}): object => ({
  name,
  point: "feeder",
  import_price_per_kwh: prices,
  loads,
  ...more,
});
const feeder = (importLimitW: number): object[] => [{ name: "feeder", import_limit_w: importLimitW }];
const cars = [load("a", 6, 6, [0, 1, 2, 3]), load("b", 5, 5, [0, 1]), load("c", 3, 4, [0, 3])];
const euro = (micro: string): number => Number(micro) / 1e6;

describe("smart-mla market rounds", () => {
  it("moves three cars of two aggregators under a limit, for what it costs", async () => {
    const result = await played({
      ...hourly,
      grid: feeder(8000),
      aggregators: [aggregator("one", cars.slice(0, 2)), aggregator("other", cars.slice(2), { margin: 0.1 })],
    });
    expect(result).toMatchObject({ status: "cleared", rounds_ended: "converged", shortfall: [], cost_before_micro: "1400000" });
    expect(euro(result.cost_after_micro)).toBeCloseTo(1.7, 2);
    expect(result.congestion).toMatchObject([{ element: "feeder", slot: 0, amount_w: 6000 }]);
    expect(result.elements[0]).toMatchObject({ highest_before_w: 14_000, highest_after_w: 8000, flow_w: [8000, 0, 0, 6000] });
    expect(Math.abs((result.aggregators[0]?.congestion_price_micro_per_kwh[0] ?? 0) - 50_000)).toBeLessThan(10_000);
    for (const { schedule_w: schedule, loads, prognosis_w: prognosis } of result.aggregators)
      if (loads.length > 0)
        expect(loads.reduce((sum, { wh }) => sum + wh.reduce((one, other) => one + other, 0), 0)).toBeCloseTo(
          schedule.reduce((sum, watts) => sum + watts, 0),
          0,
        );
      else expect(schedule).toEqual(prognosis);
  });

  it("keeps a transformer's limit over two lines, with base load", async () => {
    const result = await played({
      ...hourly,
      grid: [
        { name: "station", kind: "transformer", import_limit_w: 12_000, base_w: [1000, 0, 0, 0] },
        { name: "feeder", above: "station", import_limit_w: 9000 },
        { name: "west", above: "station" },
      ],
      aggregators: [aggregator("east", cars), aggregator("west", cars, { point: "west" })],
    });
    expect(result.status).toBe("cleared");
    const [station, line] = result.elements;
    expect(station?.highest_after_w).toBeLessThanOrEqual(12_000);
    expect(line?.highest_after_w).toBeLessThanOrEqual(9000);
  });

  it("plans whole homes too, as the planner knows them", async () => {
    const home = {
      slot_minutes: 60,
      import_price_per_kwh: prices,
      appliances: [{ type: "ev", name: "car", energy_wh: 6000, charge_max_w: 3000 }],
    };
    const result = await played({
      ...hourly,
      grid: feeder(9000),
      aggregators: [
        { name: "one", point: "feeder", homes: [home, home] },
        { name: "other", point: "feeder", homes: [home, home] },
      ],
    });
    expect(result.status).toBe("cleared");
    expect(result.elements[0]?.highest_before_w).toBe(12_000);
    expect(result.elements[0]?.highest_after_w).toBeLessThanOrEqual(9000);
    // 24 kWh: 9 at 0.10, 9 at 0.15, 6 at 0.20.
    expect(euro(result.cost_after_micro)).toBeLessThanOrEqual(3.45 * 1.02);
  });

  it("settles an order by what the meters said, with a penalty for what is missing", async () => {
    const one = (metered: number[]) =>
      played({
        ...hourly,
        penalty_micro_per_kwh: 500_000,
        grid: feeder(8000),
        aggregators: [aggregator("all", cars, { metered_wh: metered })],
      });
    const delivered = await one([8000, 0, 0, 6000]);
    expect(delivered.aggregators[0]?.settlement).toMatchObject({ net_micro: delivered.paid_micro, penalty_micro: "0" });
    const short = await one([11_000, 0, 0, 3000]);
    // 3 of 6 kWh delivered, 3 missing.
    expect(short.aggregators[0]?.settlement?.slots).toMatchObject([{ delivered_wh: 3000, deficiency_wh: 3000 }]);
    expect(euro(short.aggregators[0]?.settlement?.net_micro ?? "0")).toBeCloseTo(0.15 - 1.5, 2);
  });

  it("says where nothing is to be done, and with --strict that a limit is not kept", async () => {
    const roomy = { ...hourly, grid: feeder(14_000), aggregators: [aggregator("all", cars)] };
    expect(await played(roomy)).toMatchObject({ status: "no-congestion", rounds: 0, paid_micro: "0" });
    expect(await run(JSON.stringify(roomy), { strict: true })).toContain("no-congestion");
    const tight = { ...roomy, grid: feeder(2000) };
    expect(await played(tight)).toMatchObject({ status: "shortfall" });
    expect(await run(JSON.stringify(tight), { strict: true })).toBe("exit 1");
  });

  it.each<[string, object, string]>([
    ["an unknown field", { limit: 1 }, "market-bad-case: CASE is no case of congestion: CASE:1 limit"],
    [
      "a point that is not there",
      { aggregators: [aggregator("a", [], { point: "x" })] },
      'aggregators[0].point: "x" is no element',
    ],
    [
      "a load that cannot get its energy",
      { aggregators: [aggregator("a", [load("l", 9, 2, [0, 1])])] },
      "loads[0].energy_wh: 2000 W give at most 4000 Wh",
    ],
    [
      "a relay with half a slot",
      { aggregators: [aggregator("a", [load("l", 3, 2, [0, 1], { on_off: true })])] },
      "expected a multiple of 2000 Wh",
    ],
    ["a slot that is not there", { aggregators: [aggregator("a", [load("l", 1, 2, [4])])] }, "slot 4 is not one of 4"],
    [
      "too few figures",
      { grid: [{ name: "feeder", import_limit_w: [1, 2] }] },
      "grid[0].import_limit_w has 2 figures, expected 4",
    ],
    [
      "a ring",
      {
        grid: [
          { name: "feeder", above: "b" },
          { name: "b", above: "feeder" },
        ],
      },
      "market-bad-grid",
    ],
    [
      "a home of other slots",
      { aggregators: [aggregator("a", [], { homes: [{ slot_minutes: 60, import_price_per_kwh: [1, 2], appliances: [] }] })] },
      "homes[0]: expected 4 slots",
    ],
    [
      "two aggregators of one name",
      { aggregators: [aggregator("a", cars), aggregator("a", cars)] },
      'aggregators[1].name: "a" is that of aggregators[0] too',
    ],
    [
      "two loads of one name",
      { aggregators: [aggregator("a", [...cars, load("b", 1, 1, [0])])] },
      'aggregators[0].loads[3].name: "b" is that of aggregators[0].loads[1] too',
    ],
    ["two elements of one name", { grid: [{ name: "feeder" }, { name: "feeder" }] }, "two elements have the name feeder"],
    ["what is no home", { aggregators: [aggregator("a", [], { homes: [7] })] }, "plan-bad-problem"],
  ])("refuses %s", async (_, change, message) =>
    expect(
      await run(JSON.stringify({ ...hourly, grid: feeder(8000), aggregators: [aggregator("a", cars)], ...change })),
    ).toContain(message),
  );

  it("prints its schema, and wants a file or --schema", async () => {
    const lines: string[] = [];
    expect(await marketRounds(undefined, { schema: true, json: true }, (line) => lines.push(line))).toBe(0);
    expect(JSON.parse(lines.join(""))).toMatchObject({ type: "object", required: ["slots", "grid", "aggregators"] });
    await expect(marketRounds(undefined, {}, () => undefined)).rejects.toMatchObject({ code: "market-no-file" });
  });
});

const folder = join(import.meta.dirname, "../../../shared/cases");
/* oxlint-disable typescript/no-explicit-any, typescript/no-unsafe-assignment, typescript/no-unsafe-member-access, typescript/no-unsafe-call, typescript/no-unsafe-argument, typescript/no-unsafe-return -- the cases are read as they are */
const read = (file: string): any => JSON.parse(readFileSync(join(folder, file), "utf8"));
/** Loads dealt out to so many aggregators. */
const dealt = (loads: object[], price: number[], count: number): object[] =>
  Array.from({ length: count }, (_, own) => ({
    ...aggregator(
      `a${own}`,
      loads.filter((__, at) => at % count === own),
    ),
    import_price_per_kwh: price,
  }));

describe.runIf(existsSync(join(folder, "l3-congestion-3ev-lp.json")))("the shared cases of congestion, by the rounds", () => {
  it.each([1, 2, 3])("three cars of %d aggregators come within 1 % of the central optimum, and to its price", async (count) => {
    const { inputs, expected } = read("l3-congestion-3ev-lp.json");
    const loads = inputs.evs.map((ev: any) => load(ev.id, ev.kwh, ev.kw, ev.slots));
    const result = await played({
      ...hourly,
      grid: feeder(inputs.flex_limit_kw * 1000),
      aggregators: dealt(loads, inputs.price_eur_per_kwh, count),
    });
    expect(result.status).toBe("cleared");
    expect(result.rounds).toBeLessThanOrEqual(60);
    expect(euro(result.cost_before_micro)).toBeCloseTo(expected.naive_cost_eur, 6);
    expect(result.elements[0]?.highest_before_w).toBe(expected.naive_peak_kw * 1000);
    expect(Math.abs(euro(result.cost_after_micro) - expected.central_cost_eur)).toBeLessThanOrEqual(
      0.01 * expected.central_cost_eur,
    );
    expect(result.elements[0]?.highest_after_w).toBeLessThanOrEqual(inputs.flex_limit_kw * 1000);
    const price = result.aggregators[0]?.congestion_price_micro_per_kwh ?? [];
    expect(Math.abs((price[0] ?? 0) / 1e6 - expected.congestion_price_eur_per_kwh[0])).toBeLessThanOrEqual(0.01);
  });

  const rows: any[] = existsSync(folder) ? read("l3-congestion-onoff.json").expected.rows : [];
  it.each(rows.flatMap((row) => [1, 2, 3, 5].map((count): [number, number, any] => [row.flex_limit_kw, count, row])))(
    "relays under %d kW of %d aggregators: within 5 percent of the optimum, or a named shortfall",
    async (kw, count, row) => {
      const { inputs } = read("l3-congestion-onoff.json");
      const loads = inputs.heaters.map((heater: any) =>
        load(heater.id, heater.kw * heater.n, heater.kw, heater.slots, { on_off: true }),
      );
      const result = await played({
        ...hourly,
        grid: feeder(kw * 1000),
        aggregators: dealt(loads, inputs.price_eur_per_kwh, count),
      });
      expect(result.rounds).toBeLessThanOrEqual(60);
      if (row.milp_cost_eur === null) {
        expect(result.status).toBe("shortfall");
        expect(result.shortfall[0]?.message).toMatch(/line feeder carries \d+ W more/);
      } else {
        expect(result.status).not.toBe("shortfall");
        expect(result.elements[0]?.highest_after_w).toBeLessThanOrEqual(kw * 1000);
        expect(euro(result.cost_after_micro)).toBeLessThanOrEqual(row.milp_cost_eur * 1.05);
      }
    },
  );
});
