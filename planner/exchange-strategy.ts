import type { ExchangeForecast } from "../core/message/exchange-order.ts";

/** One delivery slot as a house sees it that may trade. Prices in micro-units per kWh. */
export interface TradingSlot {
  startMs: number;
  /** Surplus of the house without its store, negative where it needs energy; Wh. */
  netWh: number;
  /** What the supplier takes and gives: what happens to energy that is not traded. */
  importPrice: bigint;
  exportPrice: bigint;
  /** What sellers are expected to get at the exchange, and what buyers are to pay, fee of the way included. */
  sellPrice: bigint;
  buyPrice: bigint;
}

/** A store that may trade. */
export interface TradingStore extends NonNullable<ExchangeForecast["store"]> {
  /** What a kWh in it has cost, and what giving a kWh wears off; micro-units. */
  energyCost: bigint;
  wear: bigint;
  /** Left out: it asks for no more than its cost. Else more the emptier it is: highest at 0, lowest at full. */
  askByFill?: { highest: bigint; lowest: bigint };
}

/** An order that the house should have at the exchange. */
export interface WishedOrder {
  startMs: number;
  side: "buy" | "sell";
  wh: number;
  /** Micro-units per kWh. */
  limit: bigint;
  why: "surplus" | "need" | "store";
  /** Of a store's bid: slot in which the energy is to be used, ms. */
  coveredByMs?: number;
}

/** Asking price of a store by how full it is: a straight line between two prices. */
export function askAtFill(
  { fillWh, capacityWh }: { fillWh: number; capacityWh: number },
  { highest, lowest }: { highest: bigint; lowest: bigint },
): bigint {
  return capacityWh === 0 ? highest : highest - ((highest - lowest) * BigInt(fillWh)) / BigInt(capacityWh);
}

/** The least that giving a kWh may bring: what its energy has cost, with losses, and wear. Rounded up. */
export function storeFloor({ energyCost, wear, dischargePerMille }: TradingStore): bigint {
  const scaled = energyCost * 1000n;
  const perMille = BigInt(dischargePerMille);
  const up = scaled > 0n ? (scaled + perMille - 1n) / perMille : scaled / perMille;
  return up + wear;
}

/** What a kWh that is taken in may cost so that giving it later for a price still pays. Rounded down. */
export function storeCeiling({ wear, chargePerMille, dischargePerMille }: TradingStore, price: bigint): bigint {
  const gain = (price - wear) * BigInt(chargePerMille) * BigInt(dischargePerMille);
  return gain >= 0n ? gain / 1_000_000n : -((-gain + 999_999n) / 1_000_000n);
}

/** A later use of energy out of the store: the house's own need, or a sale. */
interface Use {
  at: number;
  own: boolean;
  /** What a kWh is worth there. */
  value: bigint;
  leftWh: number;
}

/**
 * The orders of a house: what is over, from the supplier's price for it; what it needs, up to the supplier's price for that. What
 * is in the store goes where it is worth most, each Wh once, the house's own need included; the rest of it is offered at its cost
 * with losses and wear, or more. The store takes in surplus, or bids, only where a later use covers price, losses and wear, and
 * there is room until then. No bid of the house meets an offer of its own.
 * @param slots in their order, without gaps
 */
export function wishedOrders(slots: readonly TradingSlot[], store: TradingStore | null): WishedOrder[] {
  const needWh = slots.map(({ netWh }) => Math.max(0, -netWh));
  const surplusWh = slots.map(({ netWh }) => Math.max(0, netWh));
  const orders: WishedOrder[] = [];
  if (store) {
    const ledger = ledgerOf(slots, store);
    const uses = usesOf(slots, needWh);
    const floor = storeFloor(store);
    const ask = store.askByFill ? askAtFill(store, store.askByFill) : floor;
    giveWhatIsThere(uses, ledger, floor, store);
    takeForLater(slots, uses, { ledger, store, surplusWh, orders });
    for (const [at, wh] of ledger.ownWh.entries()) needWh[at] = Math.max(0, (needWh[at] ?? 0) - wh);
    for (const [at, slot] of slots.entries()) {
      const wh = ledger.soldWh[at] ?? 0;
      if (wh > 0) orders.push({ startMs: slot.startMs, side: "sell", wh, limit: ask > floor ? ask : floor, why: "store" });
    }
  }
  for (const [at, { startMs, importPrice, exportPrice }] of slots.entries()) {
    const [over, need] = [surplusWh[at] ?? 0, needWh[at] ?? 0];
    if (over > 0) orders.push({ startMs, side: "sell", wh: over, limit: exportPrice, why: "surplus" });
    if (need > 0) orders.push({ startMs, side: "buy", wh: need, limit: importPrice, why: "need" });
  }
  return withoutCrossing(orders).toSorted((one, other) => one.startMs - other.startMs);
}

/** What the store does in each slot, as far as it is decided. */
interface Ledger {
  /** Fill at the end of each slot; and what it would be if no sale came about and all that is taken stayed: the room that is sure. */
  fillWh: number[];
  unsoldWh: number[];
  /** Slots in which it gives or takes; it never does both. */
  gives: Set<number>;
  takes: Set<number>;
  /** Still to be taken in and to be given in each slot, outside the store. */
  canTakeWh: number[];
  canGiveWh: number[];
  /** Out of what is in it now, by slot. */
  soldWh: number[];
  ownWh: number[];
}

function ledgerOf(slots: readonly TradingSlot[], store: TradingStore): Ledger {
  const each = (value: number): number[] => slots.map(() => value);
  return {
    fillWh: each(store.fillWh),
    unsoldWh: each(store.fillWh),
    gives: new Set(),
    takes: new Set(),
    canTakeWh: each(store.chargeMaxWh),
    canGiveWh: each(store.dischargeMaxWh),
    soldWh: each(0),
    ownWh: each(0),
  };
}

/** The most valuable first; of equals the sooner, and own need before a sale. */
function usesOf(slots: readonly TradingSlot[], needWh: readonly number[]): Use[] {
  return slots
    .flatMap(({ importPrice, sellPrice }, at): Use[] => [
      // Where a sale is worth more than the own need, both count alike: what is sold must be beyond the need.
      { at, own: true, value: importPrice > sellPrice ? importPrice : sellPrice, leftWh: needWh[at] ?? 0 },
      { at, own: false, value: sellPrice, leftWh: Infinity },
    ])
    .filter(({ leftWh }) => leftWh > 0)
    .toSorted((one, other) => (one.value === other.value ? one.at - other.at : one.value > other.value ? -1 : 1));
}

function giveWhatIsThere(uses: readonly Use[], ledger: Ledger, floor: bigint, store: TradingStore): void {
  const needLeft = (at: number): boolean => uses.some((use) => use.own && use.at === at && use.leftWh > 0);
  for (const use of uses) {
    if (use.value < floor) break;
    if (!use.own && needLeft(use.at)) continue;
    const lowest = Math.min(...ledger.fillWh.slice(use.at));
    const thereWh = Math.floor((Math.max(0, lowest - store.minWh) * store.dischargePerMille) / 1000);
    const wh = Math.min(use.leftWh, ledger.canGiveWh[use.at] ?? 0, thereWh);
    if (wh <= 0) continue;
    use.leftWh -= wh;
    ledger.canGiveWh[use.at] = (ledger.canGiveWh[use.at] ?? 0) - wh;
    const book = use.own ? ledger.ownWh : ledger.soldWh;
    book[use.at] = (book[use.at] ?? 0) + wh;
    ledger.gives.add(use.at);
    const drainedWh = Math.ceil((wh * 1000) / store.dischargePerMille);
    shift(ledger.fillWh, use.at, ledger.fillWh.length, -drainedWh);
    if (use.own) shift(ledger.unsoldWh, use.at, ledger.unsoldWh.length, -drainedWh);
  }
}

interface Taking {
  ledger: Ledger;
  store: TradingStore;
  surplusWh: number[];
  orders: WishedOrder[];
}

/** Energy for the uses that are left, from the cheapest slot before each: own surplus, or a purchase. */
function takeForLater(slots: readonly TradingSlot[], uses: readonly Use[], taking: Taking): void {
  const { ledger, store, surplusWh, orders } = taking;
  for (const use of uses) {
    const most = storeCeiling(store, use.value);
    const sources = slots
      .slice(0, use.at)
      .flatMap(({ sellPrice, exportPrice, buyPrice }, at) => [
        { at, own: true, cost: sellPrice > exportPrice ? sellPrice : exportPrice },
        { at, own: false, cost: buyPrice },
      ])
      .filter(({ cost }) => cost < most)
      .toSorted((one, other) => (one.cost === other.cost ? one.at - other.at : one.cost < other.cost ? -1 : 1));
    for (const { at, own } of sources) {
      const here = slots[at];
      const roomWh = store.capacityWh - Math.max(...ledger.unsoldWh.slice(at));
      const { inWh, outWh } = through(store, {
        inWh: Math.min(ledger.canTakeWh[at] ?? 0, own ? (surplusWh[at] ?? 0) : Infinity),
        roomWh: Math.max(0, roomWh),
        outWh: Math.min(use.leftWh, ledger.canGiveWh[use.at] ?? 0),
      });
      // Nor is anything bought beside own surplus that is for sale.
      const isBusy = ledger.gives.has(at) || ledger.takes.has(use.at) || (!own && (surplusWh[at] ?? 0) > 0);
      if (!here || outWh <= 0 || isBusy) continue;
      ledger.gives.add(use.at);
      ledger.takes.add(at);
      use.leftWh -= outWh;
      ledger.canGiveWh[use.at] = (ledger.canGiveWh[use.at] ?? 0) - outWh;
      ledger.canTakeWh[at] = (ledger.canTakeWh[at] ?? 0) - inWh;
      shift(ledger.unsoldWh, at, slots.length, Math.ceil((inWh * store.chargePerMille) / 1000));
      const order = { startMs: here.startMs, wh: inWh, limit: most, coveredByMs: slots[use.at]?.startMs ?? 0 };
      if (own) {
        // Sold where somebody pays more than keeping it is worth.
        surplusWh[at] = (surplusWh[at] ?? 0) - inWh;
        orders.push({ ...order, side: "sell", limit: most > here.exportPrice ? most : here.exportPrice, why: "surplus" });
      } else orders.push({ ...order, side: "buy", why: "store" });
    }
  }
}

/** How much goes in so that at most outWh come out again, within what can be taken and the room. */
function through(
  { chargePerMille, dischargePerMille }: TradingStore,
  { inWh, roomWh, outWh }: { inWh: number; roomWh: number; outWh: number },
): { inWh: number; outWh: number } {
  const wanted = Math.ceil((Math.ceil((outWh * 1000) / dischargePerMille) * 1000) / chargePerMille);
  const takes = Math.min(inWh, wanted, Math.floor((roomWh * 1000) / chargePerMille));
  const kept = Math.floor((takes * chargePerMille) / 1000);
  return { inWh: takes, outWh: Math.min(outWh, Math.floor((kept * dischargePerMille) / 1000)) };
}

function shift(fillWh: number[], from: number, until: number, wh: number): void {
  for (let at = from; at < until; at += 1) fillWh[at] = (fillWh[at] ?? 0) + wh;
}

/** A bid at or over an own offer of the slot goes down below it: an exchange refuses the two together. */
function withoutCrossing(orders: readonly WishedOrder[]): WishedOrder[] {
  const lowestAsk = new Map<number, bigint>();
  for (const { startMs, side, limit } of orders) {
    const ask = lowestAsk.get(startMs);
    if (side === "sell" && (ask === undefined || limit < ask)) lowestAsk.set(startMs, limit);
  }
  return orders.map((order) => {
    const ask = lowestAsk.get(order.startMs);
    return order.side === "buy" && ask !== undefined && order.limit >= ask ? { ...order, limit: ask - 1n } : order;
  });
}
