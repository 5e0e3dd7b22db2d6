import type { Log } from "../../core/log.ts";
import { formatMicro } from "../../core/units.ts";
import type { Output } from "./session-output.ts";
import type { Terms } from "./session.ts";

/** Says in the log what of a session an operator wants to know. @param where the day, and the seats with their names */
export function tellSession(log: Log, where: { date: string; terms: Terms }, out: Output): void {
  const seat = "seat" in out ? where.terms.seats[out.seat] : undefined;
  const at = { period: where.date, ...(seat && { participant: seat.participant, point: seat.point }) };
  switch (out.is) {
    case "congestion":
      for (const { message } of out.overloads) log.info({ ...at, what: message }, "congestion in the prognoses");
      break;
    case "shortfall":
      for (const { message } of out.overloads) log.error({ ...at, what: message }, "no schedule keeps this limit");
      break;
    case "order":
      log.info({ ...at, order: out.order.offer, price: formatMicro(out.order.price) }, "flexibility ordered");
      break;
    case "unordered":
      log.info({ ...at, offer: out.offer, code: out.code, why: out.message }, "offer not ordered");
      break;
    case "settlement": {
      const { offer, price, penalty, netMicro } = out.settlement;
      const money = { price: formatMicro(price), penalty: formatMicro(penalty), net: formatMicro(netMicro) };
      log.info({ ...at, order: offer, ...money }, "settlement of an order sent");
      break;
    }
    default:
  }
}
