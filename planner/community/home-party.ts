import { drain } from "../drain.ts";
import { descend, type Look, type Peak } from "../fast/descend.ts";
import { fastPlan, usualLooks } from "../fast/fast-plan.ts";
import { runCheck } from "../fast/run-check.ts";
import { planScratch, type PlanScratch } from "../fast/plan-device.ts";
import type { Flow, Home } from "../home.ts";
import { demandMissed, deviceMoney, netOf, peakAboveW } from "../objective.ts";
import { idle, trajectory } from "../physics.ts";
import { previousFlows } from "../previous-flows.ts";
import { crossing } from "../slot-cost.ts";
import { gridCurves, gridSlot, type Surcharge } from "./grid-curves.ts";
import type { Answer, Ask, Effort, Party } from "./party.ts";
import { seededRandom } from "./seeded-random.ts";

/** A home's plan: what its appliances do, and what crosses its meter after curtailment, Wh a slot. */
export interface HomePlan {
  flows: readonly Flow[];
  gridWh: Float64Array;
}

/** What the answers of many homes share. */
export interface HomeRoom {
  scratch: PlanScratch;
}

/** Room to work in, for all homes of a thread. */
export const homeRoom = (): HomeRoom => ({ scratch: planScratch() });

const looksBy: Record<Exclude<Effort, "keep">, readonly Look[]> = {
  quick: [
    { levels: 24, share: null, rounds: 1, pairs: 0, through: false },
    { levels: 12, share: 0.06, rounds: 1, pairs: 0, through: false },
  ],
  usual: usualLooks.map((look) => ({ ...look, pairs: 0 })),
  thorough: usualLooks,
};

/** Less than this is no better, money. */
const tinyMoney = 1e-9;
/** No price of others may come nearer to a wish than this share of its own price. */
const belowWishes = 0.2;
/** A firm limit weighs so much more: some Wh beyond it must not be worth the whole run of an appliance that just does not fit. */
const firmness = 50;
/** Slots of equal price are told apart by this share of a wish's price, differently in each home. */
const tieShare = 2e-6;

/**
 * A home as a party. Its appliances, their rules and its fuse are kept whatever is asked; its wishes stand above every price, and
 * only a firm limit stands above them.
 * @param seed breaks ties, so that homes that are the same do not all choose the same slot
 */
export function homeParty(home: Home, seed: number, room: HomeRoom): Party<HomePlan> {
  const slots = home.hours.length;
  const checks = home.devices.map((device) => runCheck(device));
  const keepsRules = ({ flows }: HomePlan): boolean => flows.every((flow, index) => checks[index]?.(flow) ?? true);
  return {
    answer(ask) {
      const answer = answerWith(ask, firmness);
      // A limit of others is no reason to end a run too early: it weighs less then.
      return ask.beyond === "firm" && !keepsRules(answer.plan) ? answerWith(ask, 1) : answer;
    },
  };

  function answerWith(ask: Ask<HomePlan>, weight: number): Answer<HomePlan> {
    const surcharge = surchargeOf(home, ask, weight);
    const from = ask.from?.flows ?? home.devices.map(() => idle(slots));
    const before = unchanged(ask.from, evaluated(home, from, surcharge));
    if (ask.effort === "keep") return before;
    const random = seededRandom(seed);
    const tied = { ...surcharge, price: surcharge.price.map((price) => price + (random() - 0.5) * tieShare * home.wishPrice) };
    const options = { curves: gridCurves(home, tied), scratch: room.scratch };
    const flows = drain(descend(home, looksBy[ask.effort], peakOf(home, ask.from, surcharge), from, options));
    const after = evaluated(home, flows, surcharge);
    return ask.from && after.merit >= before.merit - Math.max(ask.keepWithin, tinyMoney) ? before : after;
  }
}

/**
 * The plan that a home has in force as one to begin with, W a slot by appliance (see `previousFlows`); undefined where it says
 * nothing about one of them.
 */
export function planInForce(home: Home, previous: Readonly<Record<string, readonly number[]>>): HomePlan | undefined {
  const flows = previousFlows(home, previous);
  return flows && { flows, gridWh: netOf(home, flows) };
}

/** The same plan stays the same object where nothing of it changed. */
function unchanged<Looked extends Answer<HomePlan>>(from: HomePlan | undefined, looked: Looked): Looked {
  const isSame = from?.gridWh.every((wh, slot) => wh === looked.netWh[slot]);
  return from && isSame ? { ...looked, plan: from, netWh: from.gridWh, kept: true } : looked;
}

/** What is asked, without what would buy a wish off. */
function surchargeOf(home: Home, ask: Ask<HomePlan>, weight: number): Surcharge {
  const most = home.wishPrice * belowWishes;
  return {
    price: ask.price.map((price) => Math.max(-most, Math.min(most, price))),
    most: ask.most,
    least: ask.least,
    // Above wishes that a Wh of heat mends in every slot that follows, and below the fuse, which no limit of a feeder may overload.
    beyond: ask.beyond === "firm" ? home.wishPrice * 2 * home.hours.length * weight : Math.min(ask.beyond, most),
    ...(ask.pull && { pull: ask.pull }),
  };
}

function evaluated(home: Home, flows: readonly Flow[], surcharge: Surcharge): Answer<HomePlan> & { merit: number } {
  const net = netOf(home, flows);
  const gridWh = new Float64Array(net.length);
  let money = peakAboveW(home, net) * (home.capacity?.pricePerW ?? 0);
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (flow) money += deviceMoney(device, flow);
  }
  let [merit, heldBackWh] = [money, 0];
  for (let slot = 0; slot < net.length; slot += 1) {
    const crossed = gridSlot(home, surcharge, slot, net[slot] as number);
    gridWh[slot] = crossed.gridWh;
    money += crossed.money;
    merit += crossed.merit;
    if (home.curtailable) heldBackWh += Math.max(0, crossed.gridWh - crossing(home, slot, net[slot] as number).gridWh);
  }
  return { plan: { flows, gridWh }, kept: false, netWh: gridWh, money, merit, missedWh: missedWh(home, flows), heldBackWh };
}

/** A charge on the peak is planned around the peak of the plan so far; the first plan looks for it. */
function peakOf(home: Home, from: HomePlan | undefined, surcharge: Surcharge): Peak {
  const { capacity } = home;
  if (!capacity || capacity.pricePerW === 0) return { wh: new Float64Array(home.hours.length).fill(Infinity), price: 0 };
  const priced = { ...home, importPrice: home.importPrice.map((price, slot) => price + (surcharge.price[slot] ?? 0)) };
  const aboveW = peakAboveW(home, netOf(home, from?.flows ?? fastPlan(priced)));
  return {
    wh: home.hours.map((h) => (capacity.alreadyW + aboveW) * h),
    price: (capacity.pricePerW / Math.min(...home.hours)) * 1.5,
  };
}

/** Energy that wishes miss: of each appliance the most that it is below or above what is wanted, and what demands do not get. */
function missedWh(home: Home, flows: readonly Flow[]): number {
  let missed = 0;
  for (const [index, device] of home.devices.entries()) {
    const flow = flows[index];
    if (!flow) continue;
    let worst = 0;
    for (const [slot, fill] of trajectory(device, flow).entries()) {
      worst = Math.max(worst, (device.low[slot] as number) - fill, fill - (device.high[slot] as number));
      missed += demandMissed(device, slot, fill, flow.in[slot] as number);
    }
    missed += worst;
  }
  return missed;
}

/** What the choice between two slots is usually worth in a community: half of how far its import prices lie apart, money per Wh. */
export function priceScale(homes: readonly Home[]): number {
  let sum = 0;
  for (const { importPrice } of homes) {
    const sorted = importPrice.toSorted();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    sum += Math.max((at(0.95) - at(0.05)) / 2, Math.abs(at(0.5)) * 0.05, 1e-6);
  }
  return sum / Math.max(1, homes.length);
}
