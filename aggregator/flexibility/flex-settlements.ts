import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import { slotsOfLocalDay, type Slot } from "../../core/slots.ts";
import { settleOrder, type OrderSettlement } from "../../settlement/record/flex-order.ts";
import type { FlexOrderStore, KeptOrder } from "../store/flex-order-store.ts";

type FlexSettlement = Extract<UftpMessage, { Message: "FlexSettlement" }>;

/** Settlements that grid operators propose, compared with own meters. */
export interface FlexSettlements {
  /** Gives back what is to be answered; nothing yet where own meters are not there. */
  take(message: FlexSettlement): Promise<UftpMessage[]>;
  /** Answers what has waited for meters. */
  look(): Promise<UftpMessage[]>;
}

/** Own meters are waited for so long; then the settlement is disputed. */
const waitsMs = 36 * 3_600_000;

/** Slots of the day of an order. */
export const daySlots = ({ date, timezone, slotMinutes }: Pick<KeptOrder, "date" | "timezone" | "slotMinutes">): Slot[] =>
  slotsOfLocalDay(date, timezone, slotMinutes);

/**
 * What an order comes to by own meters; null while one of its slots is not metered.
 * @param meteredWh what the homes at a point took together, less what they fed back; null where that is not known
 */
export async function settledHere(
  order: KeptOrder,
  meteredWh: (point: string, slot: Slot) => Promise<number | null>,
): Promise<OrderSettlement | null> {
  const metered: number[] = [];
  for (const [slot, span] of daySlots(order).entries()) {
    const wh = order.asked[slot] === 0 ? 0 : await meteredWh(order.point, span);
    if (wh === null) return null;
    metered.push(wh);
  }
  return settleOrder(
    { offer: order.reference, powerW: order.powerW, price: order.price, asked: order.asked },
    {
      baselineW: order.baselineW,
      meteredWh: metered,
      hours: order.slotMinutes / 60,
      penalty: order.penaltyPerKwh,
    },
  );
}

/** Accepts what own figures come to as well, to the micro-unit. */
export function flexSettlements(options: {
  domain: string;
  store: Pick<FlexOrderStore, "flexOrder" | "keepFlexSettlement" | "openFlexSettlements" | "answerFlexSettlement">;
  meteredWh: (point: string, slot: Slot) => Promise<number | null>;
  uuid: () => string;
  now: () => number;
  onAnswered?: (order: KeptOrder, netMicro: bigint | null) => void;
  log: Log;
}): FlexSettlements {
  const { domain, store, uuid, now, log } = options;
  const respond = (message: FlexSettlement, reference: string, reason?: string): UftpMessage => ({
    Message: "FlexSettlementResponse",
    Version: "3.0.0",
    SenderDomain: domain,
    RecipientDomain: message.SenderDomain,
    TimeStamp: iso(now()),
    MessageID: uuid(),
    ConversationID: message.ConversationID,
    FlexSettlementMessageID: message.MessageID,
    FlexOrderSettlementStatuses: [
      reason === undefined
        ? { OrderReference: reference, Disposition: "Accepted" }
        : { OrderReference: reference, Disposition: "Disputed", DisputeReason: reason },
    ],
  });
  const answer = async (message: FlexSettlement, reference: string, sinceMs: number): Promise<UftpMessage[]> => {
    const proposed = message.FlexOrderSettlements.find(({ OrderReference }) => OrderReference === reference);
    const order = await store.flexOrder(reference);
    const disputed = async (reason: string): Promise<UftpMessage[]> => {
      log.warn({ operator: message.SenderDomain, order: reference, reason }, "settlement disputed");
      if (order) {
        await store.answerFlexSettlement(reference, null, now());
        options.onAnswered?.(order, null);
      }
      return [respond(message, reference, reason)];
    };
    if (!proposed || order?.point !== proposed.CongestionPoint) return disputed("no such order is known here");
    // Agreed is agreed, and said again.
    if (order.netMicro !== null)
      return String(order.netMicro) === proposed.NetSettlement
        ? [respond(message, reference)]
        : [respond(message, reference, `it was agreed on as ${order.netMicro}`)];
    if (now() < order.endMs) return disputed("its day is not over");
    const own = await settledHere(order, options.meteredWh);
    if (!own) return now() - sinceMs < waitsMs ? [] : disputed("slots of it were never metered here");
    if (String(own.netMicro) !== proposed.NetSettlement)
      return disputed(`${proposed.NetSettlement} was proposed, own meters come to ${own.netMicro}`);
    await store.answerFlexSettlement(reference, own.netMicro, now());
    options.onAnswered?.(order, own.netMicro);
    return [respond(message, reference)];
  };
  return {
    async take(message) {
      const said: UftpMessage[] = [];
      for (const { OrderReference: reference } of message.FlexOrderSettlements) {
        if ((await store.flexOrder(reference))?.netMicro === null)
          await store.keepFlexSettlement({ reference, message, sinceMs: now() });
        said.push(...(await answer(message, reference, now())));
      }
      return said;
    },
    async look() {
      const said: UftpMessage[] = [];
      for (const { reference, message, sinceMs } of await store.openFlexSettlements())
        said.push(...(await answer(message, reference, sinceMs)));
      return said;
    },
  };
}
