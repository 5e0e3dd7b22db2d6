import type { Answer, Party } from "./party.ts";

/** A load that needs its energy in some slots, at any power up to its most, or only in full slots (`onOff`). */
export interface FlexibleLoad {
  energyWh: number;
  /** Most of each slot, Wh. Of a load that is only on or off all that it may run in have the same. */
  mostWh: Float64Array;
  onOff: boolean;
}

/** What a load takes in each slot, Wh. */
export type LoadPlan = Float64Array;

/** As a load meets it in one slot: money for each Wh, more above `most`, and a pull. */
interface SlotTerms {
  cap: number;
  price: number;
  most: number;
  beyond: number;
  pull: number;
  towards: number;
}

const tinyWh = 1e-6;
const tinyMoney = 1e-12;
/** No price of others may come nearer to the wish than this share of its price. */
const belowWish = 0.2;

/**
 * A load as a party: its answers are exact. It gives up energy only where a firm limit leaves no room for it.
 * @param pricePerWh what its energy costs in each slot, money per Wh
 * @param wishPerWh what a Wh that it does not get is worth, money per Wh; above all prices
 */
export function loadParty(load: FlexibleLoad, pricePerWh: Float64Array, wishPerWh: number): Party<LoadPlan> {
  const mostPrice = wishPerWh * belowWish;
  return {
    answer(ask) {
      const terms = Array.from(pricePerWh, (own, slot): SlotTerms => {
        const beyond = ask.beyond === "firm" ? Infinity : Math.min(ask.beyond, mostPrice);
        return {
          cap: load.mostWh[slot] as number,
          price: own + Math.max(-mostPrice, Math.min(mostPrice, ask.price[slot] as number)),
          most: ask.most[slot] as number,
          beyond,
          pull: ask.pull?.pricePerWh2 ?? 0,
          towards: ask.pull?.towards[slot] ?? 0,
        };
      });
      const from = ask.from && isPossible(load, ask.from) ? ask.from : undefined;
      const merit = (plan: LoadPlan): number => meritOf(plan, terms) + wishPerWh * missed(load, plan);
      if (ask.effort === "keep" && from) return answered(from, true);
      const best = load.onOff ? fullSlots(load, terms) : anyPower(load, terms);
      if (from && merit(best) >= merit(from) - Math.max(ask.keepWithin, tinyMoney)) return answered(from, true);
      return answered(best, false);
    },
  };

  function answered(plan: LoadPlan, kept: boolean): Answer<LoadPlan> {
    const missedWh = missed(load, plan);
    const money = plan.reduce((sum, wh, slot) => sum + wh * (pricePerWh[slot] as number), missedWh * wishPerWh);
    return { plan, kept, netWh: plan, money, missedWh, heldBackWh: 0 };
  }
}

/** A load that may run for a part of a slot: what rounds reckon with before one that is only on or off is fitted in. */
export const relaxedLoad = (load: FlexibleLoad): FlexibleLoad => ({ ...load, onOff: false });

const missed = ({ energyWh }: FlexibleLoad, plan: LoadPlan): number =>
  Math.max(0, energyWh - plan.reduce((sum, wh) => sum + wh, 0));

function isPossible({ mostWh, onOff, energyWh }: FlexibleLoad, plan: LoadPlan): boolean {
  const isKept = plan.every((wh, slot) => {
    const most = mostWh[slot] as number;
    return onOff ? Math.abs(wh) < tinyWh || Math.abs(wh - most) < tinyWh : wh >= -tinyWh && wh <= most + tinyWh;
  });
  return isKept && plan.reduce((sum, wh) => sum + wh, 0) <= energyWh + 1e-3;
}

function slotMerit(wh: number, { price, most, beyond, pull, towards }: SlotTerms): number {
  const outside = Math.max(0, wh - most);
  return wh * price + (outside > tinyWh ? outside * beyond : 0) + pull * ((wh - towards) ** 2 - towards ** 2);
}

const meritOf = (plan: LoadPlan, terms: readonly SlotTerms[]): number =>
  plan.reduce((sum, wh, slot) => sum + slotMerit(wh, terms[slot] as SlotTerms), 0);

/** As many full slots as are needed: those that cost least. */
function fullSlots({ energyWh, mostWh }: FlexibleLoad, terms: readonly SlotTerms[]): LoadPlan {
  const plan = new Float64Array(terms.length);
  const open = terms
    .map((one, slot) => ({ slot, merit: one.cap > 0 ? slotMerit(one.cap, one) : Infinity }))
    .filter(({ merit }) => merit < Infinity)
    .toSorted((one, other) => one.merit - other.merit || one.slot - other.slot);
  let leftWh = energyWh;
  for (const { slot } of open) {
    if (leftWh < tinyWh) break;
    plan[slot] = mostWh[slot] as number;
    leftWh -= plan[slot];
  }
  return plan;
}

/** Any power: cheapest first without a pull; with one, the multiplier of the sum is looked for. */
function anyPower(load: FlexibleLoad, terms: readonly SlotTerms[]): LoadPlan {
  return (terms[0]?.pull ?? 0) > 0 ? pulled(load, terms) : cheapest(load, terms);
}

function cheapest({ energyWh }: FlexibleLoad, terms: readonly SlotTerms[]): LoadPlan {
  const plan = new Float64Array(terms.length);
  const pieces = terms.flatMap(({ cap, price, most, beyond }, slot) => {
    const within = Math.max(0, Math.min(cap, most));
    return [
      { slot, wh: within, price },
      { slot, wh: Number.isFinite(beyond) ? cap - within : 0, price: price + beyond },
    ].filter(({ wh }) => wh > 0);
  });
  let leftWh = energyWh;
  for (const { slot, wh } of pieces.toSorted((one, other) => one.price - other.price || one.slot - other.slot)) {
    if (leftWh <= 0) break;
    const taken = Math.min(wh, leftWh);
    plan[slot] = (plan[slot] as number) + taken;
    leftWh -= taken;
  }
  return plan;
}

function pulled({ energyWh }: FlexibleLoad, terms: readonly SlotTerms[]): LoadPlan {
  const reach = terms.map((one) => (Number.isFinite(one.beyond) ? one.cap : Math.max(0, Math.min(one.cap, one.most))));
  const under = (multiplier: number): LoadPlan =>
    Float64Array.from(terms, (one, slot) => bestAt(one, reach[slot] as number, multiplier));
  const sumUnder = (multiplier: number): number => {
    let sum = 0;
    for (let slot = 0; slot < terms.length; slot += 1) sum += bestAt(terms[slot] as SlotTerms, reach[slot] as number, multiplier);
    return sum;
  };
  const marginal = (one: SlotTerms, wh: number): number =>
    one.price + (wh > one.most ? Math.min(one.beyond, Number.MAX_VALUE) : 0) + 2 * one.pull * (wh - one.towards);
  let [low, high] = [Infinity, -Infinity];
  for (const [slot, one] of terms.entries())
    if ((reach[slot] as number) > 0) {
      low = Math.min(low, marginal(one, 0));
      high = Math.max(high, marginal(one, reach[slot] as number));
    }
  if (low > high) return new Float64Array(terms.length);
  if (sumUnder(high) <= energyWh) return under(high);
  for (let halving = 0; halving < 60 && high - low > 1e-15; halving += 1) {
    const middle = (low + high) / 2;
    if (sumUnder(middle) < energyWh) low = middle;
    else high = middle;
  }
  // What the last halving leaves is spread over the slots that still have room either way.
  const [less, more] = [under(low), under(high)];
  const [lessWh, moreWh] = [less.reduce((sum, wh) => sum + wh, 0), more.reduce((sum, wh) => sum + wh, 0)];
  const share = moreWh > lessWh ? (energyWh - lessWh) / (moreWh - lessWh) : 0;
  return less.map((wh, slot) => wh + share * ((more[slot] as number) - wh));
}

/** The energy of one slot at which one more Wh costs as much as the multiplier. */
function bestAt({ price, most, beyond, pull, towards }: SlotTerms, reach: number, multiplier: number): number {
  const free = towards - (price - multiplier) / (2 * pull);
  if (free <= most) return Math.max(0, Math.min(reach, free));
  const dear = towards - (price + beyond - multiplier) / (2 * pull);
  return Math.max(0, Math.min(reach, Math.max(most, dear)));
}
