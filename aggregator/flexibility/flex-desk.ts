import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { askedSlots, ispsOf, powerOf, type UftpMessage } from "../../core/message/uftp.ts";
import type { DeskOffer, RoundDesk } from "../../planner/community/round-desk.ts";
import { settleOrder } from "../../settlement/record/flex-order.ts";

/** Where an aggregator deals with a grid operator: one congestion point on one local day. */
export interface FlexPlace {
  /** Own domain, and the grid operator's. */
  domain: string;
  operator: string;
  currency: string;
  point: string;
  date: string;
  timezone: string;
  slotMinutes: 5 | 10 | 15 | 30 | 60;
  slots: number;
}

/** An order that binds: what the homes at a place have to keep to. */
export interface BindingOrder {
  reference: string;
  powerW: readonly number[];
  /** By the prognosis without it. */
  baselineW: readonly number[];
  price: bigint;
  asked: readonly number[];
  penaltyPerKwh: bigint;
}

/** An agreed settlement, micro-units: below 0 it is owed to the grid operator. */
export interface AgreedSettlement {
  reference: string;
  netMicro: bigint;
}

/** The aggregator's side of one session over the wire. */
export interface FlexDesk {
  /** The prognosis to send: what the homes do if nobody asks, or what was ordered. */
  prognosis(): UftpMessage;
  /** A message of the grid operator, known to be its own; gives back what is to be answered. */
  take(message: UftpMessage): Promise<UftpMessage[]>;
}

/**
 * Answers the rounds of a grid operator by planning the homes at its place anew, and keeps what is ordered.
 * @param options.desk plans them
 * @param options.onOrder called before an order is accepted: from then on it binds
 * @param options.meteredWh what the homes' own meters say of a slot; null where that is not known
 */
export function flexDesk<Plan>(options: {
  place: FlexPlace;
  desk: RoundDesk<Plan>;
  uuid: () => string;
  now: () => number;
  onOrder: (order: BindingOrder, answers: DeskOffer<Plan>["answers"]) => Promise<void>;
  onAgreed: (settled: AgreedSettlement) => Promise<void>;
  meteredWh: (slot: number) => Promise<number | null>;
  log: Log;
}): FlexDesk {
  const { place, desk, uuid, now, log } = options;
  const conversation = uuid();
  const first = desk.prognosis();
  const offers = new Map<string, DeskOffer<Plan>>();
  const orders = new Map<string, BindingOrder>();
  let revision = 0;
  let prognosisId = "";
  let current: readonly number[] = first.powerW;
  const hours = place.slotMinutes / 60;
  const head = () => ({
    Version: "3.0.0" as const,
    SenderDomain: place.domain,
    RecipientDomain: place.operator,
    TimeStamp: iso(now()),
    MessageID: uuid(),
    ConversationID: conversation,
  });
  const at = {
    ISPDuration: `PT${place.slotMinutes}M` as const,
    TimeZone: place.timezone,
    Period: place.date,
    CongestionPoint: place.point,
  };

  return {
    prognosis,
    async take(message) {
      switch (message.Message) {
        case "FlexRequest":
          return isHere(message) ? asked(message) : [];
        case "FlexOrder":
          return isHere(message) ? await ordered(message) : [];
        case "FlexSettlement":
          return await settled(message);
        case "DPrognosisResponse":
        case "FlexOfferResponse":
        case "FlexOfferRevocationResponse":
          if (message.Result === "Rejected")
            log.info(
              { operator: place.operator, answer: message.Message, reason: message.RejectionReason },
              "grid operator said no",
            );
          return [];
        default:
          return [];
      }
    },
  };

  function prognosis(): UftpMessage {
    const message = head();
    revision += 1;
    prognosisId = message.MessageID;
    return {
      Message: "DPrognosis",
      ...message,
      ...at,
      Revision: revision,
      ISPs: ispsOf(current),
      Rounds: { Parties: first.parties, Cost: String(first.cost) },
    };
  }

  function isHere(message: { CongestionPoint: string; Period: string; ISPDuration: string }): boolean {
    return message.CongestionPoint === place.point && message.Period === place.date && message.ISPDuration === at.ISPDuration;
  }

  function asked(request: Extract<UftpMessage, { Message: "FlexRequest" }>): UftpMessage[] {
    // Nothing would come of an answer.
    if (Date.parse(request.ExpirationDateTime) <= now()) return [];
    const { Round: round, Repair: repair } = request;
    const price = figures(request.CongestionPrice ?? []).map((micro) => micro / 1e9);
    let made: DeskOffer<Plan> | undefined;
    if (round) made = desk.answer({ shiftWh: figures(round.ShiftWh), penalty: round.Penalty });
    else if (repair) {
      const most = powerOf(
        request.ISPs.map((isp) => ({ ...isp, Power: isp.MaxPower })),
        place.slots,
      );
      const least = powerOf(
        request.ISPs.map((isp) => ({ ...isp, Power: isp.MinPower })),
        place.slots,
      );
      if (most && least) made = desk.fit({ mostW: most, leastW: least, guide: price, paid: figures(repair.Paid) });
    }
    if (!made) return [];
    const message = head();
    offers.set(message.MessageID, made);
    return [
      {
        Message: "FlexOffer",
        ...message,
        ...at,
        ExpirationDateTime: request.ExpirationDateTime,
        FlexRequestMessageID: request.MessageID,
        DPrognosisMessageID: prognosisId,
        Currency: place.currency,
        OfferOptions: [{ OptionReference: "1", Price: String(made.price), MinActivationFactor: 1, ISPs: ispsOf(made.powerW) }],
        Whole: made.whole,
      },
    ];
  }

  function figures(given: readonly number[]): Float64Array {
    return Float64Array.from({ length: place.slots }, (_, slot) => given[slot] ?? 0);
  }

  async function ordered(order: Extract<UftpMessage, { Message: "FlexOrder" }>): Promise<UftpMessage[]> {
    const offer = offers.get(order.FlexOfferMessageID);
    const powerW = powerOf(order.ISPs, place.slots);
    const isOffered =
      offer?.whole === true &&
      powerW?.every((watts, slot) => watts === offer.powerW[slot]) === true &&
      BigInt(order.Price) === offer.price &&
      order.Currency === place.currency;
    const respond = (reason?: string): UftpMessage => ({
      Message: "FlexOrderResponse",
      ...head(),
      FlexOrderMessageID: order.MessageID,
      ...(reason === undefined ? { Result: "Accepted" as const } : { Result: "Rejected" as const, RejectionReason: reason }),
    });
    if (!offer || !powerW || !isOffered) return [respond("it is not what was offered")];
    if (orders.has(order.OrderReference)) return [respond()];
    const binding: BindingOrder = {
      reference: order.OrderReference,
      powerW,
      baselineW: first.powerW,
      price: offer.price,
      asked: askedSlots(order.Asked, place.slots),
      penaltyPerKwh: BigInt(order.PenaltyPerKwh),
    };
    await options.onOrder(binding, offer.answers);
    orders.set(order.OrderReference, binding);
    current = powerW;
    return [respond(), prognosis()];
  }

  /** Accepts what its own figures come to as well, to the micro-unit. */
  async function settled(message: Extract<UftpMessage, { Message: "FlexSettlement" }>): Promise<UftpMessage[]> {
    const statuses = await Promise.all(
      message.FlexOrderSettlements.map(async ({ OrderReference, NetSettlement, CongestionPoint }) => {
        const disputed = (reason: string) => ({ OrderReference, Disposition: "Disputed" as const, DisputeReason: reason });
        const order = orders.get(OrderReference);
        if (!order || CongestionPoint !== place.point) return disputed("no such order is known here");
        const meteredWh: number[] = [];
        for (let slot = 0; slot < place.slots; slot += 1) {
          const wh = await options.meteredWh(slot);
          if (wh === null && order.asked[slot] !== 0) return disputed(`slot ${slot + 1} is not metered here yet`);
          meteredWh.push(wh ?? 0);
        }
        const own = settleOrder(
          { offer: OrderReference, powerW: order.powerW, price: order.price, asked: order.asked },
          { baselineW: order.baselineW, meteredWh, hours, penalty: order.penaltyPerKwh },
        );
        if (String(own.netMicro) !== NetSettlement)
          return disputed(`${NetSettlement} was proposed, own meters come to ${own.netMicro}`);
        await options.onAgreed({ reference: OrderReference, netMicro: own.netMicro });
        return { OrderReference, Disposition: "Accepted" as const };
      }),
    );
    for (const { Disposition, OrderReference } of statuses)
      if (Disposition === "Disputed") log.warn({ operator: place.operator, order: OrderReference }, "settlement disputed");
    return [
      {
        Message: "FlexSettlementResponse",
        ...head(),
        FlexSettlementMessageID: message.MessageID,
        FlexOrderSettlementStatuses: statuses,
      },
    ];
  }
}
