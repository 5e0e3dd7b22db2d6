import { iso } from "../../core/clock/clock.ts";
import { askedIsps, boundlessW, ispsOf, leewayIsps, type UftpMessage } from "../../core/message/uftp.ts";
import type { Period } from "./period.ts";
import type { Output } from "./session-output.ts";
import type { Terms } from "./session.ts";

/** What the grid operator's messages are made from. */
export interface Wire {
  domain: string;
  currency: string;
  period: Period;
  terms: Terms;
  uuid: () => string;
  /** Ids of what is answered or ordered: of a seat's prognosis, and of the conversation with it. */
  prognosisId: (seat: number) => string;
  conversation: (seat: number) => string;
}

const bounded = (watts: number): number => Math.max(-boundlessW, Math.min(boundlessW, watts));
/** Micro-units per kWh of money per Wh. */
const microPerKwh = (perWh: number): number => Math.round(perWh * 1e9) + 0;

type Head = Pick<UftpMessage, "Version" | "SenderDomain" | "RecipientDomain" | "TimeStamp" | "MessageID" | "ConversationID">;

/** What every message of the grid operator to a seat has. */
export function headFor(wire: Wire, seat: number, nowMs: number): Head {
  return {
    Version: "3.0.0",
    SenderDomain: wire.domain,
    RecipientDomain: wire.terms.seats[seat]?.participant ?? "",
    TimeStamp: iso(nowMs),
    MessageID: wire.uuid(),
    ConversationID: wire.conversation(seat),
  };
}

/** What a session has to say to a seat as a message; undefined where it is for the operator, or answers a message. */
export function messageOf(wire: Wire, out: Output, nowMs: number): UftpMessage | undefined {
  if (!("seat" in out)) return undefined;
  const { seat } = out;
  const head = headFor(wire, seat, nowMs);
  const place = {
    ISPDuration: `PT${wire.period.slotMinutes}M` as const,
    TimeZone: wire.period.timezone,
    Period: wire.period.date,
    CongestionPoint: wire.terms.seats[seat]?.point ?? "",
  };
  const { slots } = wire.terms.grid;
  switch (out.is) {
    case "request":
      return {
        Message: "FlexRequest",
        ...head,
        ...place,
        Revision: out.request,
        ExpirationDateTime: iso(out.untilMs),
        ISPs: [{ Start: 1, Duration: slots, Disposition: "Available", MinPower: -boundlessW, MaxPower: boundlessW }],
        Round: { Number: out.round, ShiftWh: Array.from(out.shiftWh), Penalty: out.penalty },
        CongestionPrice: Array.from(out.price, microPerKwh),
      };
    case "repair":
      return {
        Message: "FlexRequest",
        ...head,
        ...place,
        Revision: out.request,
        ExpirationDateTime: iso(out.untilMs),
        ISPs: out.mostW.map((watts, at) => ({
          Start: at + 1,
          Duration: 1,
          Disposition: "Requested" as const,
          MinPower: bounded(out.leastW[at] ?? -Infinity),
          MaxPower: bounded(watts),
        })),
        Repair: { Paid: Array.from(out.paid) },
        CongestionPrice: Array.from(out.guide, microPerKwh),
      };
    case "order":
      return {
        Message: "FlexOrder",
        ...head,
        ...place,
        OrderReference: out.order.offer,
        FlexOfferMessageID: out.order.offer,
        DPrognosisMessageID: wire.prognosisId(seat),
        OptionReference: "1",
        Price: String(out.order.price),
        Currency: wire.currency,
        ActivationFactor: out.order.share / 1e6,
        ISPs: ispsOf(out.order.powerW),
        Asked: askedIsps(out.order.asked),
        Leeway: leewayIsps(out.order.asked, { mostW: out.leeway.mostW.map(bounded), leastW: out.leeway.leastW.map(bounded) }),
        PenaltyPerKwh: String(wire.terms.penalty),
      };
    case "unordered":
      return {
        Message: "FlexOfferResponse",
        ...head,
        Result: "Rejected",
        RejectionReason: `${out.code}: ${out.message}`.slice(0, 500),
        FlexOfferMessageID: out.offer,
      };
    case "settlement":
      return {
        Message: "FlexSettlement",
        ...head,
        PeriodStart: wire.period.date,
        PeriodEnd: wire.period.date,
        Currency: wire.currency,
        FlexOrderSettlements: [settlementOf(wire, seat, out.settlement)],
      };
    case "refused":
      return undefined;
  }
}

function settlementOf(
  { period, terms }: Wire,
  seat: number,
  { offer, slots, price, penalty, netMicro }: Extract<Output, { is: "settlement" }>["settlement"],
) {
  const watts = (wh: number): number => Math.round(wh / terms.hours) + 0;
  return {
    OrderReference: offer,
    Period: period.date,
    CongestionPoint: terms.seats[seat]?.point ?? "",
    Price: String(price),
    Penalty: String(penalty),
    NetSettlement: String(netMicro),
    ISPs: slots.map((slot) => ({
      Start: slot.slot + 1,
      Duration: 1,
      BaselinePower: watts(slot.baselineWh),
      OrderedFlexPower: watts(slot.orderedWh),
      ActualPower: watts(slot.meteredWh),
      DeliveredFlexPower: watts(slot.deliveredWh),
      PowerDeficiency: watts(slot.deficiencyWh),
    })),
  };
}
