import { coordinate } from "../../planner/community/coordinate.ts";
import { homeParty, homeRoom, type HomePlan, priceScale } from "../../planner/community/home-party.ts";
import type { Coordination } from "../../planner/community/passes.ts";
import type { Answer, Party } from "../../planner/community/party.ts";
import { commandOf, homeAt, type Plan, planOf, rolling } from "../real-prices/rolling.ts";
import { immediate } from "../real-prices/rules.ts";
import { type Command, type HouseRun, houseRun, type Run } from "../real-prices/simulate.ts";
import { keepLimit } from "./keep-limit.ts";
import type { StreetHome } from "./street.ts";

/** What became of the street in one way of running it. */
export interface StreetRun {
  runs: Run[];
  /** Coordinations, the time that they took, and slots in which homes had to take less than was planned. */
  plans: number;
  seconds: number;
  reducedSlots: number;
  /** Slots beyond the limit that nothing could be reduced in any more. */
  beyondSlots: number;
}

const hourMs = 3_600_000;
const open = ({ trial, reality }: StreetHome): HouseRun => houseRun(trial.home, reality, trial.start);
const alone = (runs: Run[], seconds: number): StreetRun => ({ runs, plans: 0, seconds, reducedSlots: 0, beyondSlots: 0 });

/** Nobody plans: cars charge when they come, thermostats switch, batteries follow the house. */
export function withoutFlexibility(homes: readonly StreetHome[]): StreetRun {
  const began = performance.now();
  const runs = homes.map((home) => everySlot(open(home), home, immediate(home.trial)));
  return alone(runs, (performance.now() - began) / 1000);
}

/** Each home plans for itself by prices. */
export function layerOne(homes: readonly StreetHome[], everyHours: number, progress: (words: string) => void): StreetRun {
  const began = performance.now();
  const runs = homes.map((home, index) => {
    if (index % 10 === 0) progress(`Layer 1: home ${index} of ${homes.length}`);
    return everySlot(open(home), home, rolling(home.trial, home.outlook, everyHours));
  });
  return alone(runs, (performance.now() - began) / 1000);
}

function everySlot(house: HouseRun, { trial }: StreetHome, strategy: ReturnType<typeof immediate>): Run {
  for (let slot = 0; slot < trial.slots; slot += 1) house.step(slot, strategy(slot, house.state()));
  return house.run;
}

/**
 * All homes are planned together under the feeder's limit, by the prices that they pay and what the feeder costs in dear hours.
 * A car that comes between two plans gets one of its own, in the room that the others leave.
 * @param options.chargeAt money per Wh more in a slot
 */
export function layerTwo(
  homes: readonly StreetHome[],
  options: { limitW: number; everyHours: number; chargeAt: (slot: number) => number; progress: (words: string) => void },
): StreetRun {
  const [first] = homes;
  if (!first) throw new RangeError("a street has homes");
  const { slotMs, slots } = first.trial;
  const [every, slotHours] = [Math.max(1, Math.round((options.everyHours * hourMs) / slotMs)), slotMs / hourMs];
  const houses = homes.map(open);
  const room = homeRoom();
  const before: number[] = [];
  const result: StreetRun = { runs: houses.map(({ run }) => run), plans: 0, seconds: 0, reducedSlots: 0, beyondSlots: 0 };
  const plans: (Plan | undefined)[] = [];
  let together: Together | undefined;
  for (let slot = 0; slot < slots; slot += 1) {
    const began = performance.now();
    if (slot % every === 0) {
      together = planTogether(homes, houses, { ...options, slot, slotHours, room, last: together });
      result.plans += 1;
      if (result.plans % 10 === 1) options.progress(`Layer 2: plan ${result.plans}, slot ${slot} of ${slots}`);
      for (const [home, answer] of together.answers.entries()) plans[home] = planFor(together, home, answer.plan, slot);
    } else
      for (const [home, { trial }] of homes.entries())
        if (together && trial.sessions.some(({ from }) => from === slot))
          plans[home] = arrival(together, homes, houses, { home, slot, room });
    result.seconds += (performance.now() - began) / 1000;
    const asked = homes.map(({ trial }, home): Command => {
      const plan = plans[home];
      if (!plan) throw new RangeError("every home has a plan");
      return commandOf(plan, slot - plan.slot, trial);
    });
    const kept = keepLimit(houses, asked, slot, options.limitW * slotHours, before);
    if (kept.reduced.length > 0) result.reducedSlots += 1;
    if (kept.beyondWh > 1e-6) result.beyondSlots += 1;
    for (const [home, house] of houses.entries()) house.step(slot, kept.commands[home] as Command);
  }
  return result;
}

/** A plan of all homes, as it was made. */
interface Together {
  slot: number;
  homes: ReturnType<typeof homeAt>[];
  answers: Answer<HomePlan>[];
  prices: Float64Array[];
  charge: Float64Array;
  limitWh: Float64Array;
}

function planTogether(
  homes: readonly StreetHome[],
  houses: readonly HouseRun[],
  options: {
    slot: number;
    slotHours: number;
    limitW: number;
    chargeAt: (slot: number) => number;
    room: ReturnType<typeof homeRoom>;
    last: Together | undefined;
  },
): Together {
  const { slot, room, last, slotHours } = options;
  const seen = homes.map(({ trial, outlook }, home) => homeAt(trial, outlook, slot, houses[home]?.state() ?? never()));
  const hours = seen[0]?.hours ?? new Float64Array();
  const starts = startsOf(hours, slot, slotHours);
  const charge = Float64Array.from(starts, (at) => options.chargeAt(Math.round(at)));
  const limitWh = hours.map((h) => h * options.limitW);
  const even = hours.every((h) => h === hours[0]);
  const by = last && even ? slot - last.slot : 0;
  const steps = coordinate<HomePlan>(
    {
      hours,
      parties: homes.map(({ name }) => ({ name, curtailedBeforeWh: 0 })),
      feeders: [
        { name: "street", importLimitWh: limitWh, exportLimitWh: hours.map(() => Infinity), members: homes.map((_, at) => at) },
      ],
      scale: priceScale(seen),
      seed: 1,
      keepWithin: 0.01,
      price: charge,
      ...(last &&
        even && {
          start: {
            prices: last.prices.map((series) => series.map((_, at) => series[at + by] ?? 0)),
            plans: homes.map(() => undefined),
          },
        }),
    },
    { nowMs: () => performance.now(), untilMs: Infinity },
  );
  const { answers, prices } = drainAll(
    steps,
    seen.map((home, at) => homeParty(home, at, room)),
  );
  return { slot, homes: seen, answers, prices, charge, limitWh };
}

/** When each slot of a plan begins, in slots of the trial. */
function startsOf(hours: Float64Array, slot: number, slotHours: number): number[] {
  let at = slot;
  return Array.from(hours, (h) => {
    const start = at;
    at += h / slotHours;
    return start;
  });
}

function planFor(together: Together, home: number, plan: HomePlan, slot: number): Plan {
  return planOf(together.homes[home] ?? never(), plan.flows, slot);
}

/** A home whose car has come: planned by itself at the feeder's prices, in what the plans of the others leave free. */
function arrival(
  together: Together,
  homes: readonly StreetHome[],
  houses: readonly HouseRun[],
  { home, slot, room }: { home: number; slot: number; room: ReturnType<typeof homeRoom> },
): Plan {
  const { trial, outlook } = homes[home] ?? never();
  const seen = homeAt(trial, outlook, slot, houses[home]?.state() ?? never());
  const by = slot - together.slot;
  const later = (series: Float64Array | undefined): Float64Array => seen.hours.map((_, at) => series?.[at + by] ?? 0);
  const others = together.limitWh.map((limit, at) =>
    together.answers.reduce((left, { netWh }, index) => (index === home ? left : left - (netWh[at] ?? 0)), limit),
  );
  const even = seen.hours.every((h) => h === seen.hours[0]);
  const [charge, price] = even
    ? [later(together.charge), later(together.prices[0])]
    : [seen.hours.map(() => 0), seen.hours.map(() => 0)];
  const answer = homeParty(seen, home, room).answer({
    price: charge.map((one, at) => one + (price[at] ?? 0)),
    most: seen.hours.map((_, at) => (even && at + by < others.length ? Math.max(0, others[at + by] ?? 0) : Infinity)),
    least: seen.hours.map(() => -Infinity),
    beyond: 0.001,
    effort: "usual",
    from: undefined,
    keepWithin: 0,
  });
  return planOf(seen, answer.plan.flows, slot);
}

function drainAll<Result>(steps: Coordination<HomePlan, Result>, parties: readonly Party<HomePlan>[]): Result {
  let next = steps.next();
  while (!next.done) {
    const { parties: asked, asks } = next.value;
    next = steps.next(asks.map((ask, index) => (parties[asked[index] ?? 0] ?? never()).answer(ask)));
  }
  return next.value;
}

function never(): never {
  throw new RangeError("a home that is not there");
}
