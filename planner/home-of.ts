import { z } from "zod";
import { AppError } from "../core/app-error.ts";
import { deviceOf } from "./device-of.ts";
import type { Home } from "./home.ts";
import { mostSlots } from "./problem-figures.ts";
import { Problem } from "./problem.ts";
import { series, type SeriesInput } from "./series.ts";

/** Wishes are worth so many times the dearest kWh of the problem: money never buys them off. */
const wishFactor = 100;
/** A Wh beyond the fuse weighs more than so many of wishes. Larger, and the exact engine's rounding would count. */
const fuseFactor = 30;
/** Money per Wh that counts as the dearest where all prices are nothing. */
const leastPrice = 1e-4;

/** Reads a problem from outside. @throws AppError plan-bad-problem with each field that is wrong and what was expected */
export function readProblem(input: unknown, name: string): Problem {
  const read = Problem.safeParse(input);
  if (read.success) return read.data;
  throw new AppError(
    "plan-bad-problem",
    `${name} is no planning problem: ${z.prettifyError(read.error).replaceAll(/\s*\n\s*/g, " ")}; \`smart-mla plan --schema\` prints what is expected`,
  );
}

/** A problem as the engines see it. @throws AppError plan-bad-problem, plan-bad-length, plan-bad-appliance */
export function homeOf(problem: Problem): Home {
  const notes: string[] = [];
  const hours = slotHours(problem);
  const slots = hours.length;
  const usual = hours.toSorted()[Math.floor(slots / 2)] ?? 1;
  const slotsPerDay = Math.max(1, Math.round(24 / usual));
  const figures = (input: SeriesInput, path: string, fallback: number): Float64Array =>
    series(input, { path, slots, slotsPerDay, fallback, notes });
  const watts = (input: SeriesInput | undefined, path: string): Float64Array =>
    input === undefined
      ? new Float64Array(slots).fill(Infinity)
      : figures(input, path, Infinity).map((w, slot) => Math.max(0, w) * (hours[slot] ?? 0));
  const prices = (input: SeriesInput, path: string): Float64Array => figures(input, path, 0).map((price) => price / 1000);
  const importPrice = prices(problem.import_price_per_kwh, "import_price_per_kwh");
  const exportPrice = prices(problem.export_price_per_kwh, "export_price_per_kwh");
  const priceOr = (input: SeriesInput | undefined, path: string, otherwise: Float64Array): Float64Array =>
    input === undefined ? otherwise : prices(input, path);
  const energies = (input: SeriesInput, path: string): Float64Array =>
    figures(input, path, 0).map((w, slot) => Math.max(0, w) * (hours[slot] ?? 0));
  const traded = problem.traded && {
    boughtWh: energies(problem.traded.bought_w, "traded.bought_w"),
    soldWh: energies(problem.traded.sold_w, "traded.sold_w"),
    // By the supplier's tariff it is as if the meter stood behind the trade.
    undrawnPrice: priceOr(problem.traded.undrawn_price_per_kwh, "traded.undrawn_price_per_kwh", exportPrice),
    unfedPrice: priceOr(problem.traded.unfed_price_per_kwh, "traded.unfed_price_per_kwh", importPrice),
  };
  const capacity = problem.capacity_charge;
  const dearest = Math.max(
    leastPrice,
    ...importPrice.map(Math.abs),
    ...exportPrice.map(Math.abs),
    ...(traded ? [...traded.undrawnPrice, ...traded.unfedPrice].map(Math.abs) : []),
    ...problem.appliances.map((one) => Math.abs("final_value_per_kwh" in one ? one.final_value_per_kwh : 0) / 1000),
    ...problem.appliances.map((one) => ("wear_per_kwh" in one ? one.wear_per_kwh : 0) / 1000),
    (capacity?.price_per_kw ?? 0) / 1000 / Math.min(...hours),
  );
  const names = new Set<string>();
  for (const { name } of problem.appliances) {
    if (names.has(name))
      throw new AppError("plan-bad-problem", `appliances: "${name}" is there twice; give each a name of its own`);
    names.add(name);
  }
  const shortfallPrice = dearest * wishFactor;
  const slotOf = slotFinder(problem, hours, notes);
  return {
    startMs: problem.start === undefined ? null : Date.parse(problem.start),
    hours,
    importPrice,
    exportPrice,
    baseWh: figures(problem.base_load_w, "base_load_w", 0).map((w, slot) => w * (hours[slot] ?? 0)),
    pvWh: energies(problem.pv_w, "pv_w"),
    curtailable: problem.pv_curtailable,
    importLimitWh: watts(problem.grid.import_limit_w, "grid.import_limit_w"),
    exportLimitWh: watts(problem.grid.export_limit_w, "grid.export_limit_w"),
    traded: traded ?? null,
    capacity: capacity ? { pricePerW: capacity.price_per_kw / 1000, alreadyW: capacity.already_peak_w } : null,
    wishPrice: shortfallPrice,
    // A Wh of heat may mend a wish in every slot that follows, and an appliance that is a few watts too large one of its thousands:
    // the fuse stands above them together.
    gridPenalty: shortfallPrice * 4 * slots * fuseFactor,
    devices: problem.appliances.map((one, index) => {
      const path = `appliances.${index} (${one.name})`;
      return deviceOf(one, { hours, shortfallPrice, path, notes, series: figures, slotOf: (when, at) => slotOf(when, at) });
    }),
    notes,
  };
}

function slotHours(problem: Problem): Float64Array {
  const { slot_seconds: seconds, slot_minutes: minutes } = problem;
  if ((seconds === undefined) === (minutes === undefined))
    throw new AppError(
      "plan-bad-problem",
      "give either slot_minutes (one length for all slots) or slot_seconds (one each), not both",
    );
  if (seconds !== undefined) {
    if (problem.slots !== undefined && problem.slots !== seconds.length)
      throw new AppError(
        "plan-bad-problem",
        `slots is ${problem.slots} but slot_seconds has ${seconds.length} entries; leave slots out`,
      );
    return Float64Array.from(seconds, (s) => s / 3600);
  }
  const slots = problem.slots ?? longest(problem);
  if (slots === undefined)
    throw new AppError("plan-bad-problem", "no series is a list, so nobody knows how many slots there are; give slots");
  if (slots > mostSlots)
    throw new AppError(
      "plan-bad-problem",
      `the longest series has ${slots} figures, expected at most ${mostSlots}; plan fewer or longer slots`,
    );
  return new Float64Array(slots).fill((minutes ?? 60) / 60);
}

function longest(problem: Problem): number | undefined {
  const lengths = [
    problem.import_price_per_kwh,
    problem.export_price_per_kwh,
    problem.base_load_w,
    problem.pv_w,
    problem.grid.import_limit_w,
    problem.grid.export_limit_w,
    ...Object.values(problem.traded ?? {}),
    ...problem.appliances.flatMap((one) =>
      Object.entries(one).map(([key, value]: [string, unknown]) => (key === "profile_w" ? undefined : value)),
    ),
  ].flatMap((value) =>
    Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry !== "object" || entry === null)
      ? [value.length]
      : [],
  );
  return lengths.length === 0 ? undefined : Math.max(...lengths);
}

/** Slots from the start for a count of slots or an instant; what lies outside is drawn to the edge, and said. */
function slotFinder(problem: Problem, hours: Float64Array, notes: string[]): (when: number | string, path: string) => number {
  const edges = [0];
  for (const h of hours) edges.push((edges.at(-1) ?? 0) + h * 3_600_000);
  return (when, path) => {
    if (typeof when === "number") {
      if (when > hours.length)
        notes.push(`${path} is slot ${when}, after the last one (${hours.length}); the end of the plan is taken`);
      return Math.min(when, hours.length);
    }
    if (problem.start === undefined)
      throw new AppError("plan-bad-problem", `${path} is an instant, but the problem has no start; give start, or count slots`);
    const sinceMs = Date.parse(when) - Date.parse(problem.start);
    const end = edges.at(-1) ?? 0;
    if (sinceMs < 0 || sinceMs > end) notes.push(`${path} (${when}) lies outside the plan; its nearest edge is taken`);
    let slot = 0;
    while (slot < hours.length && (edges[slot + 1] ?? Infinity) <= sinceMs + 1) slot += 1;
    return slot;
  };
}
