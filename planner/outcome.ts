import { gridMoney } from "./grid-money.ts";
import type { Device, Flow, Home } from "./home.ts";
import { netOf, objective, peakAboveW } from "./objective.ts";
import { trajectory } from "./physics.ts";
import type { Problem } from "./problem.ts";
import { rounded, shortfallsOf, startOf, type Shortfall } from "./shortfalls.ts";
import { crossing } from "./slot-cost.ts";

/** What `smart-mla plan --json` prints. Arrays have one entry a slot; money in the problem's currency. */
export interface Outcome {
  version: 1;
  engine: "fast" | "exact";
  /** "shortfall": the best that can be done, but something is missed. */
  status: "kept" | "shortfall";
  currency: string;
  /** Import, export and capacity are the bill, without what was paid for trades; total also counts wear and takes off the value of what is left at the end. */
  cost: { total: number; import: number; export: number; capacity: number; wear: number; starts: number; final_value: number };
  /** What the engine made as small as it could: the total, and the price of what is missed. */
  objective: number;
  /** Exact engine only: no plan has a smaller objective; and how far this one may be from it, as a share. */
  bound?: number;
  gap?: number;
  slots: { start?: string; seconds: number; import_wh: number; export_wh: number; curtailed_wh: number }[];
  peak_import_w: number;
  appliances: {
    name: string;
    type: string;
    /** Taken from the house; negative is given. */
    energy_wh: number[];
    power_w: number[];
    state: { unit: "Wh" | "°C"; end: number[] } | null;
    /** Appliances with run rules or a relay: how often it starts. */
    starts: number;
  }[];
  shortfalls: Shortfall[];
  /** What had to be assumed. */
  notes: string[];
  /** True where the plan in force was kept because a new one would not be better by keep_within. */
  kept_previous: boolean;
  solve_ms: number;
}

/** A plan of all appliances as people and programs read it. */
export function outcomeOf(
  problem: Problem,
  home: Home,
  flows: readonly Flow[],
  made: { engine: "fast" | "exact"; bound?: number; keptPrevious: boolean; solveMs: number },
): Outcome {
  const net = netOf(home, flows);
  const crossings = Array.from(net, (wh, slot) => crossing(home, slot, wh));
  const shortfalls = shortfallsOf(home, flows, crossings);
  const money = objective(home, flows);
  const parts = costParts(home, flows, crossings, net);
  return {
    version: 1,
    engine: made.engine,
    status: shortfalls.length > 0 ? "shortfall" : "kept",
    currency: problem.currency,
    cost: parts,
    objective: rounded(money, 6),
    ...(made.bound === undefined
      ? {}
      : { bound: rounded(made.bound, 6), gap: rounded(Math.max(0, money - made.bound) / Math.max(1e-9, Math.abs(money)), 6) }),
    slots: crossings.map(({ gridWh, curtailedWh }, slot) => ({
      ...startOf(home, slot),
      seconds: rounded((home.hours[slot] ?? 0) * 3600),
      import_wh: rounded(Math.max(0, gridWh)),
      export_wh: rounded(Math.max(0, -gridWh)),
      curtailed_wh: rounded(curtailedWh),
    })),
    peak_import_w: rounded(Math.max(0, ...crossings.map(({ gridWh }, slot) => gridWh / (home.hours[slot] ?? 1)))),
    appliances: home.devices.map((device, index) => applianceOf(home, device, flows[index])),
    shortfalls,
    notes: home.notes,
    kept_previous: made.keptPrevious,
    solve_ms: rounded(made.solveMs, 1),
  };
}

function costParts(
  home: Home,
  flows: readonly Flow[],
  crossings: readonly { gridWh: number }[],
  net: Float64Array,
): Outcome["cost"] {
  const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);
  const money = crossings.map(({ gridWh }, slot) => ({
    gridWh,
    paid: gridMoney(home, slot, Math.max(gridWh, -(home.exportLimitWh[slot] ?? Infinity))),
  }));
  const imported = sum(money.map(({ gridWh, paid }) => (gridWh > 0 ? paid : 0)));
  const exported = sum(money.map(({ gridWh, paid }) => (gridWh < 0 ? -paid : 0)));
  const capacity = peakAboveW(home, net) * (home.capacity?.pricePerW ?? 0);
  const each = home.devices.map((device, index) => {
    const flow = flows[index];
    if (!flow) return { wear: 0, starts: 0, final: 0 };
    return {
      wear: (sum(flow.in) + sum(flow.out)) * device.wear,
      starts: startsOf(device, flow) * device.run.startCost,
      final: (trajectory(device, flow).at(-1) ?? 0) * device.finalValue,
    };
  });
  const [wear, starts, final] = [
    sum(each.map((one) => one.wear)),
    sum(each.map((one) => one.starts)),
    sum(each.map((one) => one.final)),
  ];
  return {
    total: rounded(imported - exported + capacity + wear + starts - final, 6),
    import: rounded(imported, 6),
    export: rounded(exported, 6),
    capacity: rounded(capacity, 6),
    wear: rounded(wear, 6),
    starts: rounded(starts, 6),
    final_value: rounded(final, 6),
  };
}

function applianceOf(home: Home, device: Device, flow: Flow | undefined): Outcome["appliances"][number] {
  const wh = Array.from(home.hours, (_, slot) => (flow?.in[slot] ?? 0) - (flow?.out[slot] ?? 0));
  const hasState = device.profile === null && !device.ownWill;
  return {
    name: device.name,
    type: device.type,
    energy_wh: wh.map((value) => rounded(value)),
    power_w: wh.map((value, slot) => rounded(value / (home.hours[slot] ?? 1), 1)),
    state:
      hasState && flow
        ? { unit: device.state.unit, end: Array.from(trajectory(device, flow), (x) => rounded(device.state.of(x))) }
        : null,
    starts: flow ? startsOf(device, flow) : 0,
  };
}

function startsOf(device: Device, flow: Flow): number {
  let [starts, on] = [0, device.run.wasOn];
  for (const wh of flow.in) {
    if (wh > 0 && !on) starts += 1;
    on = wh > 0;
  }
  return starts;
}
