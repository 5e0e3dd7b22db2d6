import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { Journal } from "./journal.ts";
import { recordPlace } from "./places.ts";

/** Both legs of a trade: two records of kind trade with the same `ref`, one on each side of the party in the middle. */
export interface TradeLegs {
  add(record: RecordWire, loggedS: number): void;
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
  return {
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
          const wrong = differenceOf(one.record, other.record);
          if (wrong) say.find("trades", "bad", "legs-differ", place, `and ${recordPlace(other.record)}: ${wrong}`);
        }
      }
    },
  };
}

/** What does not match; undefined where energy, period and money do, and what one side pays the middle passes on. */
function differenceOf(one: RecordWire, other: RecordWire): string | undefined {
  for (const field of ["wh", "start", "end", "amount"] as const)
    if (one[field] !== other[field]) return `${field} is ${one[field]} in one leg and ${other[field]} in the other`;
  const middle = [one.a, one.b].find((party) => party === other.a || party === other.b);
  if (!middle || (one.a === other.a && one.b === other.b)) return "the legs are not on two sides of one party";
  const paid = [one, other].filter(({ payer }) => payer === middle).length;
  return paid === 1 ? undefined : `${middle}, in the middle, pays ${paid === 2 ? "both legs" : "neither leg"}`;
}
