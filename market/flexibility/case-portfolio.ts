import { AppError } from "../../core/app-error.ts";
import { loadParty, relaxedLoad, type FlexibleLoad, type LoadPlan } from "../../planner/community/flexible-load.ts";
import { homeParty, homeRoom, priceScale, type HomePlan } from "../../planner/community/home-party.ts";
import type { Party } from "../../planner/community/party.ts";
import type { RoundPortfolio } from "../../planner/community/round-portfolio.ts";
import { homeOf, readProblem } from "../../planner/home-of.ts";
import type { Home } from "../../planner/home.ts";
import type { CaseAggregator, CaseLoad } from "./case-file.ts";

/** Loads and homes of one aggregator. */
export interface CasePortfolio {
  portfolio: RoundPortfolio<LoadPlan | HomePlan>;
  names: string[];
  /** What the choice between two slots is usually worth, money per Wh. */
  scale: number;
}

/** A load's wish is worth so many times its dearest kWh; loads of nothing still want their energy. */
const wishFactor = 100;
const leastWish = 0.01;
const tinyWh = 1e-6;

/** Reads loads and homes of an aggregator. @throws AppError market-bad-case, plan-bad-problem and others of `homeOf` */
export function casePortfolio(
  one: CaseAggregator,
  { slots, hours }: { slots: number; hours: number },
  index: number,
): CasePortfolio {
  const path = `aggregators[${index}]`;
  const price = figuresOf(one.import_price_per_kwh, slots, `${path}.import_price_per_kwh`).map((perKwh) => perKwh / 1000);
  const loads = one.loads.map((load, at) => flexibleLoad(load, { slots, hours }, `${path}.loads[${at}]`));
  const homes = one.homes.map((input, at) => readHome(input, { slots, hours }, `${path}.homes[${at}]`));
  const names = [...one.loads.map(({ name }) => name), ...one.homes.map((_, at) => `home ${at + 1}`)];
  const wish = Math.max(leastWish, wishFactor * Math.max(...price.map(Math.abs)));
  const room = homeRoom();
  type Any = Party<LoadPlan | HomePlan>;
  // A party is only ever asked with plans of its own.
  const homeParties = homes.map((home, seed) => homeParty(home, seed, room) as Any);
  const whole = loads.map((load) => loadParty(load, price, wish) as Any);
  const relaxed = loads.map((load) => loadParty(relaxedLoad(load), price, wish) as Any);
  const scales = [spread(price), ...(homes.length > 0 ? [priceScale(homes)] : [])].filter((scale) => scale > 0);
  const scale = scales.length > 0 ? Math.max(...scales) : 1e-5;
  return {
    names,
    scale,
    portfolio: {
      parties: [...whole, ...homeParties],
      ...(loads.some(({ onOff }) => onOff) && { relaxed: [...relaxed, ...homeParties] }),
      portfolio: {
        community: {
          hours: new Float64Array(slots).fill(hours),
          parties: names.map((name) => ({ name, curtailedBeforeWh: 0 })),
          feeders: [],
          scale,
          seed: index + 1,
          keepWithin: 0,
        },
        nowMs: () => 0,
        mostMs: 1,
      },
    },
  };
}

/** One figure for all slots, or one each. @throws AppError market-bad-case */
export function figuresOf(input: number | readonly number[], slots: number, path: string): Float64Array {
  if (typeof input === "number") return new Float64Array(slots).fill(input);
  if (input.length === slots) return Float64Array.from(input);
  throw new AppError("market-bad-case", `${path} has ${input.length} figures, expected ${slots}, one a slot (or one for all)`);
}

function flexibleLoad(load: CaseLoad, { slots, hours }: { slots: number; hours: number }, path: string): FlexibleLoad {
  const { energy_wh: energyWh, power_w: powerW, on_off: onOff } = load;
  const slotWh = powerW * hours;
  const may = new Set(load.slots ?? Array.from({ length: slots }, (_, slot) => slot));
  const beyond = [...may].find((slot) => slot >= slots);
  if (beyond !== undefined) throw new AppError("market-bad-case", `${path}.slots: slot ${beyond} is not one of ${slots}, from 0`);
  if (energyWh > slotWh * may.size + tinyWh)
    throw new AppError("market-bad-case", `${path}.energy_wh: ${powerW} W give at most ${slotWh * may.size} Wh in its slots`);
  if (onOff && Math.abs(energyWh / slotWh - Math.round(energyWh / slotWh)) > tinyWh)
    throw new AppError("market-bad-case", `${path}.energy_wh: expected a multiple of ${slotWh} Wh, which it takes in a slot`);
  return { energyWh, mostWh: Float64Array.from({ length: slots }, (_, slot) => (may.has(slot) ? slotWh : 0)), onOff };
}

function readHome(input: unknown, { slots, hours }: { slots: number; hours: number }, path: string): Home {
  const problem = readProblem(input, path);
  const home = named(path, () => homeOf(problem));
  if (home.hours.length === slots && home.hours.every((h) => Math.abs(h - hours) < 1e-9)) return home;
  throw new AppError("market-bad-case", `${path}: expected ${slots} slots of ${hours * 60} minutes, as the case has them`);
}

/** With the place of the home, which the planner does not know. */
function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function spread(price: Float64Array): number {
  const sorted = price.toSorted();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return Math.max((at(0.95) - at(0.05)) / 2, Math.abs(at(0.5)) * 0.05);
}
