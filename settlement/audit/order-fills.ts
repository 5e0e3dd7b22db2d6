import type { TradeEvidence } from "../../core/message/exchange-trade.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { Journal } from "./journal.ts";
import { recordPlace } from "./places.ts";

/** How much of each order was used; records may come in any order. */
export interface OrderFills {
  add(record: RecordWire, evidence: TradeEvidence): void;
}

interface Fills {
  wh: number;
  /** Of the revision that is for the most. */
  mostWh: number;
}

/** The volume of an order counts for all its revisions together; said once an order was used beyond the largest of them. */
export function orderFills(say: Journal): OrderFills {
  const orders = new Map<string, Fills>();
  return {
    add(record, { trade, own: { order } }) {
      const name = `${record.a} ${record.b} ${order.orderId} ${order.start}`;
      const fills = orders.get(name) ?? { wh: 0, mostWh: 0 };
      orders.set(name, { wh: fills.wh + trade.wh, mostWh: Math.max(fills.mostWh, order.wh) });
      const { wh, mostWh } = orders.get(name) ?? fills;
      if (wh > mostWh)
        say.find(
          "trades",
          "bad",
          "order-oversold",
          recordPlace(record),
          `order ${order.orderId} of ${order.participant} is for ${mostWh} Wh and was used for ${wh} Wh`,
        );
    },
  };
}
