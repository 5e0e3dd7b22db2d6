import { reservedFeeder } from "../../aggregator/optimise/limit-reserve.ts";
import { coordinate } from "../../planner/community/coordinate.ts";
import type { FeederShortfall } from "../../planner/community/community-result.ts";
import { homeParty, type HomePlan, type HomeRoom, planInForce, priceScale } from "../../planner/community/home-party.ts";
import type { Coordination } from "../../planner/community/passes.ts";
import type { Party } from "../../planner/community/party.ts";
import type { Home } from "../../planner/home.ts";
import { homeAt, type Plan, planOf } from "../real-prices/rolling.ts";
import type { HouseRun } from "../real-prices/simulate.ts";
import type { StreetHome } from "./street.ts";

/** A plan of all homes, as it was made. */
export interface StreetPlan {
  slot: number;
  plans: Plan[];
  /** What each home takes by plan, Wh a slot. */
  netWh: Float64Array[];
  /** Of the feeder, by slot. */
  prices: Float64Array[];
  charge: Float64Array;
  limitWh: Float64Array;
  /** What the feeder cannot carry whatever is planned, in slots of the plan. */
  shortfalls: FeederShortfall[];
}

/** Plans all homes from what is known at a slot, beginning where the last plan is. */
export function planTogether(
  homes: readonly StreetHome[],
  houses: readonly HouseRun[],
  options: {
    slot: number;
    slotHours: number;
    limitW: number;
    /** Left free under the limit, as the aggregator does. */
    reserveW: number;
    /** Money per Wh more in a slot. */
    chargeAt: (slot: number) => number;
    room: HomeRoom;
    last: StreetPlan | undefined;
    /** What each home follows. */
    inForce: readonly (Plan | undefined)[];
  },
): StreetPlan {
  const { slot, room, last, slotHours, inForce } = options;
  const seen = homes.map(({ trial, outlook }, home) => homeAt(trial, outlook, slot, houses[home]?.state() ?? never(), true));
  const hours = seen[0]?.hours ?? new Float64Array();
  const charge = Float64Array.from(startsOf(hours, slot, slotHours), (at) => options.chargeAt(Math.round(at)));
  const limitWh = hours.map((h) => h * options.limitW);
  const feeder = {
    name: "street",
    importLimitWh: limitWh,
    exportLimitWh: hours.map(() => Infinity),
    members: homes.map((_, at) => at),
  };
  const even = hours.every((h) => h === hours[0]);
  const by = last && even ? slot - last.slot : 0;
  const steps = coordinate<HomePlan>(
    {
      hours,
      parties: homes.map(({ name }) => ({ name, curtailedBeforeWh: 0 })),
      feeders: [feeder, reservedFeeder(feeder, hours, options.reserveW)],
      scale: priceScale(seen),
      seed: 1,
      keepWithin: 0.01,
      price: charge,
      ...(last &&
        even && {
          start: {
            prices: last.prices.map((series) => series.map((_, at) => series[at + by] ?? 0)),
            plans: seen.map((home, at) => begun(home, inForce[at], slot)),
          },
        }),
    },
    { nowMs: () => performance.now(), untilMs: Infinity },
  );
  const { answers, prices, feeders } = drainAll(
    steps,
    seen.map((home, at) => homeParty(home, at, room)),
  );
  return {
    slot,
    plans: answers.map(({ plan }, at) => planOf(seen[at] ?? never(), plan.flows, slot)),
    netWh: answers.map(({ netWh }) => netWh),
    prices,
    charge,
    limitWh,
    shortfalls: feeders.filter((one) => one.feeder === feeder.name),
  };
}

/** What a home follows, as a plan to begin with: what has come since then stands still. */
function begun(home: Home, plan: Plan | undefined, slot: number): HomePlan | undefined {
  if (!plan) return undefined;
  const watts = home.devices.map(({ name }): [string, number[]] => {
    const flow = plan.flows[plan.names.indexOf(name)];
    const at = (series: Float64Array | undefined, index: number): number => series?.[index + slot - plan.slot] ?? 0;
    return [name, Array.from(home.hours, (h, index) => (at(flow?.in, index) - at(flow?.out, index)) / h)];
  });
  return planInForce(home, Object.fromEntries(watts));
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

/** A home whose car has come: planned by itself at the feeder's prices, in what the plans of the others leave free. */
export function arrival(
  together: StreetPlan,
  homes: readonly StreetHome[],
  houses: readonly HouseRun[],
  { home, slot, room }: { home: number; slot: number; room: HomeRoom },
): Plan {
  const { trial, outlook } = homes[home] ?? never();
  const seen = homeAt(trial, outlook, slot, houses[home]?.state() ?? never(), true);
  const by = slot - together.slot;
  const later = (series: Float64Array | undefined): Float64Array => seen.hours.map((_, at) => series?.[at + by] ?? 0);
  const others = together.limitWh.map((limit, at) =>
    together.netWh.reduce((left, netWh, index) => (index === home ? left : left - (netWh[at] ?? 0)), limit),
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
