import { id, Wallet } from "ethers";
import type { ExchangeForecast, ExchangeOrder } from "../../core/message/exchange-order.ts";
import type { AuctionOrder } from "../../market/exchange/auction-order.ts";
import { clearAuction } from "../../market/exchange/call-auction.ts";
import { checkOrder } from "../../market/exchange/check-order.ts";
import { applyEvent, openBook, usualTimes } from "../../market/exchange/order-book.ts";
import { signOrder } from "../../settlement/record/order-signature.ts";
import { pathFees, type PathFees } from "../../market/exchange/path-fees.ts";
import type { Solver } from "../../planner/exact/solve-milp.ts";
import { seededRandom } from "../plan/generate-home.ts";
import { atLeast, atMost, type Claim, quantile, rounded } from "../report.ts";
import { bookOptimum } from "./book-optimum.ts";
import { randomBook, randomFees } from "./random-book.ts";

/** Table rows and claims of one part of the bench. */
export interface Part {
  rows: Record<string, string | number>[];
  claims: Claim[];
}

const free = pathFees(0n);

/**
 * The exchange: welfare of the call auction as a share of the optimum by HiGHS of the same book, and how long it takes for many
 * orders beside a plain sort (by limit, then hash) of the same orders, turn by turn in this process.
 */
export async function exchangePart(
  solver: Solver,
  { books, orders, turns }: { books: number; orders: number; turns: number },
): Promise<Part> {
  const equal = welfareShares(solver, books, 1);
  const unequal = welfareShares(solver, books, 5);
  const large = randomBook({ orders, participants: orders / 10, zones: 1 }, seededRandom(1));
  const proven = provenShare(large);
  const one = timed(large, free, turns);
  const zoned = timed(
    randomBook({ orders, participants: orders / 10, zones: 8 }, seededRandom(2)),
    randomFees(8, seededRandom(3)),
    turns,
  );
  const accepted = await acceptance(300);
  const welfare = (name: string, shares: readonly number[]): Record<string, string | number> => ({
    what: name,
    books: shares.length,
    "least %": Math.min(...shares) * 100,
    "most %": Math.max(...shares) * 100,
  });
  const speed = (name: string, { clear, sort, trades }: typeof one): Record<string, string | number> => ({
    what: name,
    orders,
    trades,
    "clearing ms": rounded(quantile(clear.wallMs, 0.5)),
    "clearing CPU ms": rounded(quantile(clear.cpuMs, 0.5)),
    "sort CPU ms": rounded(quantile(sort.cpuMs, 0.5)),
    "orders per CPU s": rounded(orders / (quantile(clear.cpuMs, 0.5) / 1000)),
  });
  const ratio = ({ clear, sort }: typeof one): number => quantile(clear.cpuMs, 0.5) / quantile(sort.cpuMs, 0.5);
  const shares = [...equal, ...unequal];
  return {
    rows: [
      welfare("welfare of the LP optimum, 2000 orders, equal fees", equal),
      welfare("welfare of the LP optimum, 2000 orders, 5 zones, unequal fees", unequal),
      welfare(`welfare of the dual bound, ${orders} orders, equal fees`, [proven]),
      speed("clearing, one price", one),
      speed("clearing, 8 zones, unequal fees", zoned),
      { what: "signed orders checked and taken", orders: 300, "orders per CPU s": rounded(accepted) },
    ],
    claims: [
      // A ten-millionth of a percent is what the solver's own figures leave open.
      atLeast("exchange: welfare, least % of the LP optimum", percent(Math.min(...shares)), 100),
      atMost("exchange: welfare, most % of the LP optimum", percent(Math.max(...shares)), 100),
      atLeast(`exchange: welfare of ${orders} orders, % of the dual bound`, percent(proven), 100),
      atMost(`exchange: clearing ${orders} orders, CPU ms`, quantile(one.clear.cpuMs, 0.5), 2000),
      atMost("exchange: CPU time, clearing at one price / sorting the same orders", ratio(one), 8),
      atMost("exchange: CPU time, clearing 8 zones / sorting the same orders", ratio(zoned), 10),
    ],
  };
}

const percent = (share: number): number => Math.round(share * 1e9) / 1e7;

function shareOf(solver: Solver, orders: readonly AuctionOrder[], fees: PathFees): number {
  return Number(clearAuction(orders, fees).welfareNano) / bookOptimum(solver, orders, fees);
}

function welfareShares(solver: Solver, books: number, zones: number): number[] {
  return Array.from({ length: books }, (_, at) => {
    const random = seededRandom(100 + at);
    const fees = zones === 1 ? free : randomFees(zones, random);
    return shareOf(solver, randomBook({ orders: 2000, participants: 400, zones }, random), fees);
  });
}

/**
 * Welfare as a share of what no deliveries can exceed: at any price, all that bids are above it and asks below it. In whole
 * numbers, so it is the whole or less.
 */
function provenShare(orders: readonly AuctionOrder[]): number {
  const { trades, welfareNano } = clearAuction(orders, free);
  const bounds = trades
    .flatMap(({ buy, sell }) => [buy.limit, sell.limit])
    .reduce<[bigint | null, bigint | null]>(
      ([low, high], limit, at) =>
        at % 2 === 0 ? [low === null || limit < low ? limit : low, high] : [low, high === null || limit > high ? limit : high],
      [null, null],
    )
    .filter((price) => price !== null)
    .map((price) =>
      orders.reduce((sum, { side, limit, wh }) => {
        const gain = side === "buy" ? limit - price : price - limit;
        return gain > 0n ? sum + gain * BigInt(wh) : sum;
      }, 0n),
    );
  const least = bounds.reduce((one, other) => (one < other ? one : other));
  return least === welfareNano ? 1 : Number(welfareNano) / Number(least);
}

interface Times {
  wallMs: number[];
  cpuMs: number[];
}

/** Times one piece of work, in time of this process too: other work of the machine does not count there. */
function timeInto({ wallMs, cpuMs }: Times, work: () => void): void {
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(cpu);
  wallMs.push(performance.now() - beganMs);
  cpuMs.push((user + system) / 1000);
}

function timed(orders: readonly AuctionOrder[], fees: PathFees, turns: number): { clear: Times; sort: Times; trades: number } {
  let trades = 0;
  const clearOnce = (): void => void (trades = clearAuction(orders, fees).trades.length);
  const sortOnce = (): void =>
    void orders.toSorted((first, next) =>
      first.limit === next.limit ? (first.hash < next.hash ? -1 : 1) : first.limit < next.limit ? -1 : 1,
    );
  // Warm before anything is timed.
  clearOnce();
  sortOnce();
  const [clear, sort]: [Times, Times] = [
    { wallMs: [], cpuMs: [] },
    { wallMs: [], cpuMs: [] },
  ];
  for (let turn = 0; turn < turns; turn += 1) {
    timeInto(clear, clearOnce);
    timeInto(sort, sortOnce);
  }
  return { clear, sort, trades };
}

/** Orders per second of the processor that are checked, signature, forecast and escrow included, and taken into a book. */
async function acceptance(count: number): Promise<number> {
  const domain = { chainId: 31_337, contract: `0x${"c0".repeat(20)}` };
  const exchange = `0x${"ee".repeat(20)}`;
  const nowMs = Date.parse("2026-03-02T10:00:00Z");
  const [start, end] = ["2026-03-02T12:00:00Z", "2026-03-02T12:15:00Z"];
  const book = openBook({ exchange, ...usualTimes, zones: new Set(["z"]), fees: free });
  const signed = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const signer = new Wallet(id(`bench ${at}`));
      const participant = new Wallet(id(`bench owner ${at}`)).address.toLowerCase();
      const order: ExchangeOrder = {
        v: 1,
        exchange,
        participant,
        orderId: "o",
        revision: 1,
        side: "sell",
        start,
        end,
        wh: 1000,
        limit: String(100_000 + at),
        zone: "z",
        validUntil: start,
      };
      const forecast: ExchangeForecast = {
        v: 1,
        exchange,
        participant,
        time: start,
        start: "2026-03-02T10:00:00Z",
        slotMinutes: 15,
        netWh: Array.from({ length: 96 }, () => 1000),
        store: null,
      };
      return { order, signature: await signOrder(signer, domain, order), signer: signer.address.toLowerCase(), forecast };
    }),
  );
  const times: Times = { wallMs: [], cpuMs: [] };
  timeInto(times, () => {
    for (const { order, signature, signer, forecast } of signed) {
      const event = checkOrder(
        book,
        { order, signature },
        { domain, standing: { signer, forecast, freeMicro: 0n, untoldSlots: 0 }, nowMs },
      );
      if (event.is === "refused") throw new Error(event.message);
      applyEvent(book, event);
    }
  });
  return count / (quantile(times.cpuMs, 0.5) / 1000);
}
