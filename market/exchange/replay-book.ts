import { AppError } from "../../core/app-error.ts";
import { canonicalHash } from "../../settlement/record/canonical-hash.ts";
import type { AuctionOrder } from "./auction-order.ts";
import type { BookFile, FileOrder } from "./book-file.ts";
import { type AuctionTrade, clearAuction, type Unmatched, type ZonePrice } from "./call-auction.ts";
import { matchContinuously } from "./continuous.ts";
import { pathFees, type PathFees } from "./path-fees.ts";
import { compareWithSupplier } from "./supplier-comparison.ts";

/** What a book comes to, as it is printed. Money as text: integer micro-units, welfare in thousandths of them. */
export interface BookResult {
  currency: string;
  mode: "call" | "continuous";
  /** What all sellers get, null where there is no such price or more than one. */
  price_micro_per_kwh: string | null;
  volume_wh: number;
  welfare_nano: string;
  paid_micro: string;
  received_micro: string;
  fees_micro: string;
  slots: { slot: string | null; price_micro_per_kwh: string | null; volume_wh: number; welfare_nano: string }[];
  zones: { slot: string | null; zone: string; sell_micro_per_kwh: string | null; buy_micro_per_kwh: string | null }[];
  trades: {
    slot: string | null;
    sell: string;
    buy: string;
    wh: number;
    price_micro_per_kwh: string;
    fee_micro_per_kwh: string;
    paid_micro: string;
    received_micro: string;
  }[];
  unmatched: { slot: string | null; order: string; wh: number; own_wh: number }[];
  /** Where the book names a supplier: what each gets (pays, below 0), with the exchange and all of it at the supplier's prices. */
  participants?: { participant: string; with_micro: string; without_micro: string; gain_micro: string }[];
}

interface SlotResult {
  slot: string | null;
  orders: AuctionOrder[];
  trades: AuctionTrade[];
  unmatched: Unmatched[];
  zones: ZonePrice[];
}

/** Clears a book slot by slot. Pure. @throws AppError market-bad-book for an id that is there twice */
export function replayBook(book: BookFile): BookResult {
  const fees = pathFees(
    book.fee_micro_per_kwh,
    book.paths.map(({ from, to, fee_micro_per_kwh: fee }) => ({ from, to, fee })),
  );
  const ids = new Map<string, string>();
  const slots = new Map<string, { slot: string | null; orders: AuctionOrder[] }>();
  const places = new Map<string, number>();
  const given = new Set(book.orders.flatMap(({ participant }) => participant ?? []));
  for (const [index, order] of book.orders.entries()) {
    const before = places.get(order.id);
    if (before !== undefined)
      throw new AppError(
        "market-bad-book",
        `orders[${index}].id: "${order.id}" is that of orders[${before}] too; give each its own`,
      );
    places.set(order.id, index);
    const startMs = order.slot === undefined ? null : Date.parse(order.slot);
    const slot = startMs === null ? null : new Date(startMs).toISOString();
    const made = auctionOrder(order, slot, given);
    ids.set(made.hash, order.id);
    const here = slots.get(slot ?? "") ?? { slot, orders: [] };
    slots.set(slot ?? "", here);
    here.orders.push(made);
  }
  const results = [...slots.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { slot, orders }]) => ({ slot, orders, ...cleared(book.mode, orders, fees) }));
  return { ...written(book, results, (order) => ids.get(order.hash) ?? ""), ...compared(book, results) };
}

/**
 * Its hash is of all that it says, so that what rounding leaves over goes by the orders and not by their place in the file.
 * @param given names of participants in the file: who has none is none of them
 */
function auctionOrder(order: FileOrder, slot: string | null, given: ReadonlySet<string>): AuctionOrder {
  const { id, side, wh, limit_micro_per_kwh: limit, zone } = order;
  const hash = canonicalHash({ id, participant: order.participant ?? id, side, wh, limit: String(limit), zone, slot });
  let participant = order.participant ?? id;
  if (order.participant === undefined) while (given.has(participant)) participant += "'";
  return { hash, participant, side, wh, limit, zone };
}

function cleared(mode: BookFile["mode"], orders: readonly AuctionOrder[], fees: PathFees): Omit<SlotResult, "slot" | "orders"> {
  return mode === "call" ? clearAuction(orders, fees) : { ...matchContinuously(orders, fees), zones: [] };
}

function compared({ supplier }: BookFile, results: readonly SlotResult[]): Pick<BookResult, "participants"> {
  if (!supplier) return {};
  const { import_micro_per_kwh: imported, export_micro_per_kwh: exported } = supplier;
  const all = {
    trades: results.flatMap(({ trades }) => trades),
    unmatched: results.flatMap(({ unmatched }) => unmatched),
  };
  const orders = results.flatMap((one) => one.orders);
  const found = compareWithSupplier(orders, all, { import: imported, export: exported });
  return {
    participants: found.map(({ participant, withMicro, withoutMicro }) => ({
      participant,
      with_micro: String(withMicro),
      without_micro: String(withoutMicro),
      gain_micro: String(withMicro - withoutMicro),
    })),
  };
}

const nanoOf = (trades: readonly AuctionTrade[]): bigint =>
  trades.reduce((sum, { buy, sell, wh, fee }) => sum + BigInt(wh) * (buy.limit - sell.limit - fee), 0n);
const sumOf = (trades: readonly AuctionTrade[], of: (trade: AuctionTrade) => bigint): bigint =>
  trades.reduce((sum, trade) => sum + of(trade), 0n);
const volumeOf = (trades: readonly AuctionTrade[]): number => trades.reduce((sum, { wh }) => sum + wh, 0);
const text = (value: bigint | null): string | null => (value === null ? null : String(value));

function priceOf(trades: readonly AuctionTrade[]): string | null {
  const first = trades[0]?.price;
  return first !== undefined && trades.every(({ price }) => price === first) ? String(first) : null;
}

function written(book: BookFile, results: readonly SlotResult[], idOf: (order: AuctionOrder) => string): BookResult {
  const all = results.flatMap(({ trades }) => trades);
  const [paid, received] = [sumOf(all, (trade) => trade.paid), sumOf(all, (trade) => trade.received)];
  return {
    currency: book.currency,
    mode: book.mode,
    price_micro_per_kwh: priceOf(all),
    volume_wh: volumeOf(all),
    welfare_nano: String(nanoOf(all)),
    paid_micro: String(paid),
    received_micro: String(received),
    fees_micro: String(paid - received),
    slots: results.map(({ slot, trades }) => ({
      slot,
      price_micro_per_kwh: priceOf(trades),
      volume_wh: volumeOf(trades),
      welfare_nano: String(nanoOf(trades)),
    })),
    zones: results.flatMap(({ slot, zones }) =>
      zones.map(({ zone, sell, buy }) => ({ slot, zone, sell_micro_per_kwh: text(sell), buy_micro_per_kwh: text(buy) })),
    ),
    trades: results.flatMap(({ slot, trades }) =>
      trades.map(({ sell, buy, wh, price, fee, paid: paidMicro, received: receivedMicro }) => ({
        slot,
        sell: idOf(sell),
        buy: idOf(buy),
        wh,
        price_micro_per_kwh: String(price),
        fee_micro_per_kwh: String(fee),
        paid_micro: String(paidMicro),
        received_micro: String(receivedMicro),
      })),
    ),
    unmatched: results.flatMap(({ slot, unmatched }) =>
      unmatched.map(({ order, wh, ownWh }) => ({ slot, order: idOf(order), wh, own_wh: ownWh })),
    ),
  };
}
