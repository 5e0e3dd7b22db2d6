import { randomUUID } from "node:crypto";
import { AppError } from "../../../core/app-error.ts";
import type { Log } from "../../../core/log.ts";
import type { UftpMessage } from "../../../core/message/uftp.ts";
import type { BindingOrder, FlexDesk, FlexPlace } from "../../../aggregator/flexibility/flex-desk.ts";
import { daySlots, flexSettlements } from "../../../aggregator/flexibility/flex-settlements.ts";
import type { KeptOrder, OpenSettlement } from "../../../aggregator/store/flex-order-store.ts";

/** Orders of one place in memory, with settlements by the meters that a test gives. */
export function keptOrders(place: FlexPlace, meteredWh: (slot: number) => number | null, now: () => number, log: Log) {
  const orders: BindingOrder[] = [];
  const kept = new Map<string, KeptOrder>();
  const open = new Map<string, OpenSettlement>();
  const agreed: { reference: string; netMicro: bigint }[] = [];
  const day = daySlots(place);
  const settlements = flexSettlements({
    domain: place.domain,
    store: {
      flexOrder: async (reference) => kept.get(reference) ?? null,
      keepFlexSettlement: async (one) => void open.set(one.reference, one),
      openFlexSettlements: async () => [...open.values()],
      async answerFlexSettlement(reference, netMicro, atMs) {
        open.delete(reference);
        const order = kept.get(reference);
        if (!order) throw new AppError("unexpected", `no order ${reference}`);
        if (netMicro === null) return;
        kept.set(reference, { ...order, netMicro, agreedMs: atMs });
        agreed.push({ reference, netMicro });
      },
    },
    meteredWh: async (_, { startMs }) => meteredWh(day.findIndex((slot) => slot.startMs === startMs)),
    uuid: randomUUID,
    now,
    log,
  });
  return {
    orders,
    agreed,
    settlements,
    async onOrder(order: BindingOrder): Promise<boolean> {
      orders.push(order);
      const span = { startMs: day[0]?.startMs ?? 0, endMs: day.at(-1)?.endMs ?? 0 };
      kept.set(order.reference, { ...order, ...place, ...span, orderedMs: now(), netMicro: null, agreedMs: null });
      return true;
    },
    /** As the daemon sorts them. */
    take: (desk: FlexDesk, message: UftpMessage): Promise<UftpMessage[]> =>
      message.Message === "FlexSettlement" ? settlements.take(message) : desk.take(message),
  };
}
