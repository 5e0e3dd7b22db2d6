import { fastPlan, usualLooks } from "../../planner/fast/fast-plan.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { Flow, Home } from "../../planner/home.ts";
import { Problem } from "../../planner/problem.ts";
import type { Outlook } from "./outlook.ts";
import { comfort } from "./local-protection.ts";
import type { Command, State } from "./simulate.ts";
import type { Trial } from "./trial.ts";

const hourMs = 3_600_000;
/** A plan looks so far ahead, in slots of the trial at first and in hours from then on. */
const horizonHours = 36;
const fineHours = 12;
/** Plans keep this away from where thermostats step in, K. */
const marginK = 0.3;

/** A home's plan, made at a slot of the trial. */
export interface Plan {
  slot: number;
  flows: readonly Flow[];
  names: string[];
  /** What crosses the meter by plan, Wh a slot. */
  netWh: number[];
  /** Money for a Wh more in each slot, and for one that is sold. */
  cost: number[];
  exportPrice: Float64Array;
}

/** Plans anew each hour (or after so many), and when a car comes, and carries the plan out. */
export function rolling(
  trial: Trial,
  outlookAt: (slot: number, count: number) => Outlook,
  everyHours = 1,
): (slot: number, state: State) => Command {
  const every = Math.max(1, Math.round((everyHours * hourMs) / trial.slotMs));
  const arrivals = new Set(trial.sessions.map(({ from }) => from));
  let plan: Plan | undefined;
  return (slot, state) => {
    if (!plan || slot % every === 0 || arrivals.has(slot)) plan = planFrom(trial, outlookAt, slot, state);
    return commandOf(plan, slot - plan.slot, trial);
  };
}

function planFrom(trial: Trial, outlookAt: (slot: number, count: number) => Outlook, slot: number, state: State): Plan {
  const home = homeAt(trial, outlookAt, slot, state);
  return planOf(home, fastPlan(home, { looks: usualLooks }), slot);
}

/**
 * A home as the planner sees it at a slot: fine steps at first, hours from then on.
 * @param minded whether the plan minds the gateway's latest start, which nothing but the fuse stands above: cars are done a slot
 * before they leave; one that must charge all the time counts as base load
 */
export function homeAt(
  trial: Trial,
  outlookAt: (slot: number, count: number) => Outlook,
  slot: number,
  state: State,
  minded = false,
): Home {
  const perHour = Math.max(1, Math.round(hourMs / trial.slotMs));
  const steps = [
    ...Array.from({ length: fineHours * perHour }, () => 1),
    ...Array.from({ length: horizonHours - fineHours }, () => perHour),
  ];
  const outlook = outlookAt(slot, horizonHours * perHour);
  return homeOf(problemOf(trial, outlook, { slot, steps, state, minded }));
}

/** What flows make of a home's plan. */
export function planOf(home: Home, flows: readonly Flow[], slot: number): Plan {
  const netWh = Array.from(home.baseWh, (base, at) =>
    flows.reduce((sum, flow) => sum + (flow.in[at] ?? 0) - (flow.out[at] ?? 0), base - (home.pvWh[at] ?? 0)),
  );
  const cost = netWh.map((wh, at) => (wh > 0 ? home.importPrice[at] : home.exportPrice[at]) ?? 0);
  return { slot, flows, names: home.devices.map(({ name }) => name), netWh, cost, exportPrice: home.exportPrice };
}

function problemOf(
  { home, slotMs }: Trial,
  outlook: Outlook,
  { slot, steps, state, minded }: { slot: number; steps: readonly number[]; state: State; minded: boolean },
): Problem {
  const edges = [0];
  for (const step of steps) edges.push((edges.at(-1) ?? 0) + step);
  const hours = slotMs / hourMs;
  const parts = (values: readonly number[]): number[][] => steps.map((_, at) => values.slice(edges[at], edges[at + 1]));
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const means = (values: readonly number[]): number[] => parts(values).map((part) => sum(part) / Math.max(1, part.length));
  const worth = refillCost(outlook, Math.round(24 / hours));
  /** Plan slots that begin at or after, or end at or before, a slot of the trial. */
  const first = (at: number): number =>
    Math.max(
      0,
      edges.findIndex((edge) => edge >= at - slot),
    );
  const until = (at: number): number => edges.findLastIndex((edge) => edge <= at - slot);
  const end = edges.at(-1) ?? 0;
  const mostWh = home.carMaxW * hours;
  const baseWh = [...outlook.baseWh];
  const cars = outlook.sessions.flatMap(({ index, session }) => {
    const left = state.carLeftWh[index] ?? 0;
    let needWh = left / home.carEfficiency;
    if (minded && session.from <= slot && needWh > (session.until - slot - 1) * mostWh) {
      for (let at = 0; at < session.until - slot; at += 1) {
        const wh = Math.min(needWh, mostWh);
        baseWh[at] = (baseWh[at] ?? 0) + wh;
        needWh -= wh;
      }
      return [];
    }
    const later = Math.max(0, session.until - slot - end) * home.carMaxW * hours * home.carEfficiency;
    const [from, ready] = [first(Math.max(session.from, slot)), until(session.until - (minded ? 1 : 0))];
    if (left - later < 1 || ready <= from) return [];
    return [
      {
        type: "ev" as const,
        name: `car ${index}`,
        energy_wh: left - later,
        ready_by: ready,
        plugged: [{ from, until: ready }],
        charge_max_w: home.carMaxW,
        charge_min_w: home.carMinW,
        charge_efficiency: home.carEfficiency,
      },
    ];
  });
  return Problem.parse({
    slot_seconds: steps.map((step) => (step * slotMs) / 1000),
    import_price_per_kwh: means(outlook.importPrice),
    export_price_per_kwh: means(outlook.exportPrice),
    base_load_w: means(baseWh).map((wh) => wh / hours),
    pv_w: means(outlook.pvWh).map((wh) => wh / hours),
    pv_curtailable: true,
    grid: { import_limit_w: home.fuseW },
    appliances: [
      {
        type: "water_heater",
        name: "tank",
        litres: home.tankWhPerK / 1.163,
        initial_c: state.tankC,
        min_c: comfort.tankC + marginK,
        max_c: comfort.tankMaxC - marginK,
        ambient_c: comfort.ambientC,
        loss_w_per_k: home.tankLossWPerK,
        draw_wh: parts(outlook.drawWh).map(sum),
        power_w: home.tankW,
        on_off: false,
        final_value_per_kwh: worth,
      },
      {
        type: "heat_pump",
        name: "heat pump",
        capacity_wh_per_k: home.roomWhPerK,
        loss_w_per_k: home.roomLossWPerK,
        initial_c: state.roomC,
        outdoor_c: means(outlook.outdoorC),
        gain_w: home.roomGainW,
        min_c: comfort.roomC + marginK / 10,
        max_c: Math.max(comfort.roomMaxC - marginK / 10, state.roomC),
        power_w: home.heatW,
        cop: means(outlook.cop),
        final_value_per_kwh: worth / (sum(outlook.cop) / outlook.cop.length),
      },
      ...cars,
      ...(home.batteryWh > 0
        ? [
            {
              type: "battery" as const,
              name: "battery",
              capacity_wh: home.batteryWh,
              initial_wh: Math.min(home.batteryWh, state.batteryWh),
              charge_max_w: home.batteryMaxW,
              discharge_max_w: home.batteryMaxW,
              charge_efficiency: home.batteryEfficiency,
              discharge_efficiency: home.batteryEfficiency,
              final_value_per_kwh: worth / home.batteryEfficiency,
            },
          ]
        : []),
    ],
  });
}

/** What is left at the end saves what filling up costs in the cheap quarter of the last day: own PV costs what it would sell for. */
function refillCost({ importPrice, exportPrice, baseWh, pvWh }: Outlook, perDay: number): number {
  const costs = importPrice.map((price, at) => ((pvWh[at] ?? 0) > (baseWh[at] ?? 0) ? (exportPrice[at] ?? 0) : price));
  const sorted = costs.slice(-perDay).toSorted((one, other) => one - other);
  return Math.max(0, sorted[Math.floor(sorted.length / 4)] ?? 0);
}

/** What a plan asks for in a slot, so many after it was made. */
export function commandOf({ flows, names, netWh, cost, exportPrice }: Plan, at: number, { home, slotMs }: Trial): Command {
  const taken = (name: string, slot = at): number =>
    flows.reduce(
      (sum, flow, index) => sum + (names[index]?.startsWith(name) ? (flow.in[slot] ?? 0) - (flow.out[slot] ?? 0) : 0),
      0,
    );
  /** Whether what it takes later by plan will cost more than what is sold now. */
  const dearerLater = (name: string, share: number): boolean =>
    cost.some((money, slot) => slot > at && money * share > (exportPrice[at] ?? 0) && taken(name, slot) > 0);
  const little = (home.carMinW * slotMs) / hourMs / 4;
  return {
    carWh: taken("car"),
    // What is planned from the roof comes from the roof.
    carFollows: taken("car") > 0 && (netWh[at] ?? 0) < little && taken("battery") >= 0,
    carTakesSpare: dearerLater("car", 1),
    tankWh: taken("tank"),
    tankTakesSpare: dearerLater("tank", 0.95),
    heatWh: taken("heat pump"),
    battery: batteryMode(taken("battery"), netWh[at] ?? 0, (home.batteryMaxW * slotMs) / hourMs),
    curtails: true,
  };
}

/** A plan's battery power as an inverter carries it out: what follows the house by plan follows it in truth as well. */
function batteryMode(wh: number, netWh: number, mostWh: number): Command["battery"] {
  const little = mostWh * 0.05;
  if (wh > little) return netWh > little ? { mode: "fixed", wh } : { mode: "spare" };
  if (wh < -little)
    return netWh < -little ? { mode: "fixed", wh } : netWh > little ? { mode: "serve", mostWh: -wh } : { mode: "serve" };
  return { mode: "spare" };
}
