import type { ExchangeTrade } from "../../core/message/exchange-trade.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { legsOf, tradeHash } from "../record/trade-legs.ts";
import type { Journal } from "./journal.ts";
import { recordPlace } from "./places.ts";

/** Both legs of a trade: two records of kind trade with the same `ref`, one on each side of the party in the middle. */
export interface TradeLegs {
  add(record: RecordWire, loggedS: number): void;
  /** What a record's `ref` stands for: with it amounts are known, and not only that the middle does not pay on top. */
  explain(trade: ExchangeTrade): void;
  /**
   * Says which legs lack the other, or do not agree with it.
   * @param mayCome whether the other leg may still be logged, or was in data that could not be had
   */
  end(mayCome: (leg: Leg) => boolean): void;
}

export interface Leg {
  record: RecordWire;
  loggedS: number;
}

export function tradeLegs(say: Journal): TradeLegs {
  const trades = new Map<string, Leg[]>();
  const explained = new Map<string, ExchangeTrade>();
  return {
    explain: (trade) => void explained.set(tradeHash(trade), trade),
    add(record, loggedS) {
      if (record.kind !== "trade") return;
      const legs = trades.get(record.ref) ?? [];
      legs.push({ record, loggedS });
      trades.set(record.ref, legs);
    },
    end(mayCome) {
      for (const [ref, legs] of trades) {
        say.checked("trades");
        const [one, other] = legs;
        if (!one) continue;
        const place = recordPlace(one.record);
        if (!other)
          say.find(
            "trades",
            mayCome(one) ? "unknown" : "bad",
            "leg-missing",
            place,
            `no other leg of trade ${ref} is in the log`,
          );
        else if (legs.length > 2)
          say.find("trades", "bad", "legs-differ", place, `trade ${ref} has ${legs.length} legs, not two`);
        else {
          const wrong = differenceOf(one.record, other.record, explained.get(ref));
          if (wrong) say.find("trades", wrong.verdict, wrong.cause, place, `and ${recordPlace(other.record)}: ${wrong.why}`);
        }
      }
    },
  };
}

interface Difference {
  verdict: "bad" | "unknown";
  cause: "legs-differ" | "legs-unexplained";
  why: string;
}

/**
 * What does not match; undefined where energy, period and money do. What is left in the middle is the grid's fee of the way:
 * how much it may be is in the trade, and without that nothing but that the middle pays nothing on top can be said.
 */
function differenceOf(one: RecordWire, other: RecordWire, trade: ExchangeTrade | undefined): Difference | undefined {
  const differ = (why: string): Difference => ({ verdict: "bad", cause: "legs-differ", why });
  for (const field of ["wh", "start", "end"] as const)
    if (one[field] !== other[field]) return differ(`${field} is ${one[field]} in one leg and ${other[field]} in the other`);
  const middle = [one.a, one.b].find((party) => party === other.a || party === other.b);
  if (!middle || (one.a === other.a && one.b === other.b)) return differ("the legs are not on two sides of one party");
  const [first, second] = [inflow(one, middle), inflow(other, middle)];
  if (trade) {
    const { buy, sell } = legsOf(trade, { buyer: "buyer", seller: "seller" });
    const due = [buy, sell].map(({ payer, amount }) => (payer === trade.exchange ? -amount : amount));
    const isDue = (bought: bigint, sold: bigint): boolean => due[0] === bought && due[1] === sold;
    if (middle !== trade.exchange) return differ(`${middle}, in the middle, is not the trade's exchange ${trade.exchange}`);
    if (isDue(first, second) || isDue(second, first)) return undefined;
    return differ(`${middle} gets ${first} and ${second}, by the trade ${due.join(" and ")}`);
  }
  const left = first + second;
  if (left < 0n) return differ(`${middle}, in the middle, pays ${-left} more than it gets`);
  if (left === 0n) return undefined;
  return {
    verdict: "unknown",
    cause: "legs-unexplained",
    why: `${left} stay with ${middle}; the trade with its fee was not given`,
  };
}

/** What a leg brings to the party in the middle, below 0 what it costs. */
const inflow = ({ payer, amount }: RecordWire, middle: string): bigint => (payer === middle ? -BigInt(amount) : BigInt(amount));
