import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { askedSlots, ispsOf, leewaySlots, powerOf, type PowerBounds, type UftpMessage } from "../../core/message/uftp.ts";
import type { DeskOffer, DeskPrognosis, RoundDesk } from "../../planner/community/round-desk.ts";
import type { KeptOffer, KeptPrognosis } from "../store/flex-order-store.ts";

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
  /** When delivery begins, ms: an order that comes later is none. Left out, nothing is too late. */
  startMs?: number;
}

/** An order that binds: what the homes at a place have to keep to. */
export interface BindingOrder {
  reference: string;
  powerW: readonly number[];
  /** By the prognosis without it. */
  baselineW: readonly number[];
  price: bigint;
  asked: readonly number[];
  /** How far it may be left in slots that nothing was asked for. */
  leeway: PowerBounds;
  penaltyPerKwh: bigint;
}

/** Who plans the homes of a place, here or in a thread. */
export interface FlexPlanner {
  prognosis(): DeskPrognosis;
  answer(...asked: Parameters<RoundDesk<unknown>["answer"]>): FlexAnswer | Promise<FlexAnswer>;
  fit(...asked: Parameters<RoundDesk<unknown>["fit"]>): FlexAnswer | Promise<FlexAnswer>;
}
type FlexAnswer = Pick<DeskOffer<unknown>, "powerW" | "price" | "whole">;

/** What was told, without on what it rests. */
type ToldPrognosis = Omit<KeptPrognosis, "relied">;

/** What is kept over a restart. */
export interface FlexBook {
  prognosis: ToldPrognosis | null;
  offers: readonly Pick<KeptOffer, "id" | "price" | "powerW" | "revoked">[];
  order: BindingOrder | null;
}

/** Keeps what is said before it is said. */
export interface FlexKeeper {
  prognosis(kept: ToldPrognosis): Promise<void>;
  offer(offer: Pick<KeptOffer, "id" | "price" | "powerW">): Promise<void>;
  revoked(id: string): Promise<void>;
}

/** The aggregator's side of one session over the wire. */
export interface FlexDesk {
  /** The prognosis to send: what the homes do if nobody asks, or what was ordered. */
  prognosis(): Promise<UftpMessage>;
  /** A message of the grid operator, known to be its own; gives back what is to be answered. */
  take(message: UftpMessage): Promise<UftpMessage[]>;
  /** Takes back all that may still be ordered, and offers nothing more; gives back what is to be said. */
  revoke(): Promise<UftpMessage[]>;
  /** Takes back the same, and answers with other homes from now on. */
  replan(planner: FlexPlanner): Promise<UftpMessage[]>;
  /** What was taken back, once more: when the process ended it may not have been said yet. */
  revocations(): UftpMessage[];
  state(): FlexDeskState;
}

/** How a session stands, for people. */
export interface FlexDeskState {
  prognosisW: readonly number[];
  revision: number;
  /** Requests that were answered. */
  answered: number;
  /** The newest offer that may be ordered. */
  offer: { price: bigint; powerW: readonly number[] } | null;
  order: BindingOrder | null;
  withdrawn: boolean;
  /** What of this session the grid operator has refused, with its words, the newest first. */
  refusals: readonly string[];
}

const nothing: FlexBook = { prognosis: null, offers: [], order: null };
const nobody: FlexKeeper = { prognosis: async () => undefined, offer: async () => undefined, revoked: async () => undefined };
const mostRefusals = 10;
const mostEarlier = 24;
type RefusableAnswer = Extract<
  UftpMessage,
  { Message: "DPrognosisResponse" | "FlexOfferResponse" | "FlexOfferRevocationResponse" }
>;

/**
 * Answers the rounds of a grid operator by planning the homes at its place anew, and keeps what is ordered.
 * @param options.desk plans them
 * @param options.onOrder called before an order is accepted: from then on it binds. False: another one does
 */
export function flexDesk(options: {
  place: FlexPlace;
  desk: FlexPlanner;
  known?: FlexBook;
  keep?: FlexKeeper;
  uuid: () => string;
  now: () => number;
  onOrder: (order: BindingOrder) => Promise<boolean>;
  log: Log;
}): FlexDesk {
  const { place, uuid, now, log, known = nothing, keep = nobody } = options;
  let { desk } = options;
  const conversation = known.prognosis?.conversation ?? uuid();
  const first = desk.prognosis();
  const baselineW = known.prognosis?.powerW ?? first.powerW;
  const offers = new Map<string, { price: bigint; powerW: readonly number[]; revoked: boolean }>(
    known.offers.map((offer) => [offer.id, { ...offer }]),
  );
  /** Offers of a round that cannot be carried out as they are: known, and not to be ordered. */
  const loose = new Set<string>();
  let { order } = known;
  let revision = known.prognosis?.revision ?? 0;
  let prognosisId = known.prognosis?.messageId ?? "";
  let earlier = known.prognosis?.earlier ?? [];
  let current: readonly number[] = order?.powerW ?? baselineW;
  let newest = [...offers.entries()].findLast(([, { revoked }]) => !revoked)?.[0] ?? null;
  // After a restart too: what was offered rests on what was told.
  let answered = known.offers.length;
  let withdrawn = known.prognosis?.withdrawn ?? false;
  const refusals: string[] = [];
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
          return isHere(message) ? await asked(message) : [];
        case "FlexOrder":
          return isHere(message) ? await ordered(message) : [];
        case "DPrognosisResponse":
          if (message.DPrognosisMessageID === prognosisId) refused(message);
          return [];
        case "FlexOfferResponse":
        case "FlexOfferRevocationResponse":
          if (offers.has(message.FlexOfferMessageID) || loose.has(message.FlexOfferMessageID)) refused(message);
          return [];
        default:
          return [];
      }
    },
    async revoke() {
      withdrawn = true;
      await keepPrognosis();
      return revokeAll();
    },
    async replan(planner) {
      desk = planner;
      return revokeAll();
    },
    revocations: () => (order ? [] : [...offers].flatMap(([id, { revoked }]) => (revoked ? [revocationOf(id)] : []))),
    state: () => ({
      prognosisW: baselineW,
      revision,
      answered,
      offer: (newest === null ? undefined : offers.get(newest)) ?? null,
      order,
      withdrawn,
      refusals,
    }),
  };

  async function revokeAll(): Promise<UftpMessage[]> {
    if (order) return [];
    const open = [...offers.entries()].filter(([, { revoked }]) => !revoked);
    // All are kept before any is said: where that fails, the next call says them all.
    for (const [id] of open) await keep.revoked(id);
    for (const [, offer] of open) offer.revoked = true;
    newest = null;
    return open.map(([id]) => revocationOf(id));
  }

  function revocationOf(id: string): UftpMessage {
    return { Message: "FlexOfferRevocation", ...head(), FlexOfferMessageID: id };
  }

  function refused({ Message: answer, Result: result, RejectionReason: reason = "" }: RefusableAnswer): void {
    if (result === "Accepted") return;
    log.info({ operator: place.operator, point: place.point, answer, reason }, "grid operator said no");
    refusals.unshift(`${answer}: ${reason}`);
    refusals.splice(mostRefusals);
  }

  async function prognosis(): Promise<UftpMessage> {
    const message = head();
    const isNoted = revision === 0 || earlier.some(({ messageId }) => messageId === prognosisId);
    earlier = [...earlier, ...(isNoted ? [] : [{ messageId: prognosisId, powerW: [...baselineW] }])].slice(-mostEarlier);
    revision += 1;
    prognosisId = message.MessageID;
    await keepPrognosis();
    const { parties, cost } = first;
    return {
      Message: "DPrognosis",
      ...message,
      ...at,
      Revision: revision,
      ISPs: ispsOf(current),
      Rounds: { Parties: parties, Cost: String(cost) },
    };
  }

  function keepPrognosis(): Promise<void> {
    const { parties, cost } = first;
    return keep.prognosis({
      revision,
      messageId: prognosisId,
      conversation,
      powerW: [...baselineW],
      parties,
      cost: String(cost),
      withdrawn,
      earlier,
    });
  }

  function isHere(message: { CongestionPoint: string; Period: string; ISPDuration: string }): boolean {
    return message.CongestionPoint === place.point && message.Period === place.date && message.ISPDuration === at.ISPDuration;
  }

  async function asked(request: Extract<UftpMessage, { Message: "FlexRequest" }>): Promise<UftpMessage[]> {
    // Nothing would come of an answer.
    if (withdrawn || Date.parse(request.ExpirationDateTime) <= now()) return [];
    const made = await answerTo(request);
    // It has taken too long, or was taken back meanwhile.
    if (!made || withdrawn || Date.parse(request.ExpirationDateTime) <= now()) return [];
    answered += 1;
    const message = head();
    const { powerW, price, whole } = made;
    if (whole) {
      await keep.offer({ id: message.MessageID, price, powerW });
      offers.set(message.MessageID, { price, powerW, revoked: false });
      newest = message.MessageID;
    } else loose.add(message.MessageID);
    return [
      {
        Message: "FlexOffer",
        ...message,
        ...at,
        ExpirationDateTime: request.ExpirationDateTime,
        FlexRequestMessageID: request.MessageID,
        DPrognosisMessageID: prognosisId,
        Currency: place.currency,
        OfferOptions: [{ OptionReference: "1", Price: String(price), MinActivationFactor: 1, ISPs: ispsOf(powerW) }],
        Whole: whole,
      },
    ];
  }

  async function answerTo(request: Extract<UftpMessage, { Message: "FlexRequest" }>): Promise<FlexAnswer | undefined> {
    const { Round: round, Repair: repair } = request;
    if (round) return desk.answer({ shiftWh: figures(round.ShiftWh), penalty: round.Penalty });
    if (!repair) return undefined;
    const bound = (of: (isp: (typeof request.ISPs)[number]) => number): number[] | undefined =>
      powerOf(
        request.ISPs.map((isp) => ({ ...isp, Power: of(isp) })),
        place.slots,
      );
    const [mostW, leastW] = [bound((isp) => isp.MaxPower), bound((isp) => isp.MinPower)];
    if (!mostW || !leastW) return undefined;
    const guide = figures(request.CongestionPrice ?? []).map((micro) => micro / 1e9);
    return desk.fit({ mostW, leastW, guide, paid: figures(repair.Paid) });
  }

  function figures(given: readonly number[]): Float64Array {
    return Float64Array.from({ length: place.slots }, (_, slot) => given[slot] ?? 0);
  }

  async function ordered(message: Extract<UftpMessage, { Message: "FlexOrder" }>): Promise<UftpMessage[]> {
    const respond = (reason?: string): UftpMessage => ({
      Message: "FlexOrderResponse",
      ...head(),
      FlexOrderMessageID: message.MessageID,
      ...(reason === undefined ? { Result: "Accepted" as const } : { Result: "Rejected" as const, RejectionReason: reason }),
    });
    const no = (reason: string): UftpMessage[] => {
      log.warn({ operator: place.operator, point: place.point, order: message.OrderReference, reason }, "order refused");
      return [respond(reason)];
    };
    if (order?.reference === message.OrderReference)
      return isSame(message, order) ? [respond()] : no("flex-order-conflict: this order is known with other figures");
    if (order) return no(`flex-order-conflict: order ${order.reference} binds for this day already`);
    const why = objection(message);
    if (why !== undefined) return no(why);
    const powerW = powerOf(message.ISPs, place.slots) ?? [];
    const binding: BindingOrder = {
      reference: message.OrderReference,
      powerW,
      // What the grid operator reckons with is the last one that came in time.
      baselineW: earlier.find(({ messageId }) => messageId === message.DPrognosisMessageID)?.powerW ?? baselineW,
      price: BigInt(message.Price),
      asked: askedSlots(message.Asked, place.slots),
      leeway: leewaySlots(message.Leeway, powerW),
      penaltyPerKwh: BigInt(message.PenaltyPerKwh),
    };
    if (!(await options.onOrder(binding))) return no("flex-order-conflict: another order binds for this day already");
    order = binding;
    current = binding.powerW;
    return [respond(), await prognosis()];
  }

  function objection(message: Extract<UftpMessage, { Message: "FlexOrder" }>): string | undefined {
    const offer = offers.get(message.FlexOfferMessageID);
    if (now() >= (place.startMs ?? Infinity)) return "flex-order-late: delivery has begun";
    if (offer?.revoked) return "flex-order-revoked: the offer was taken back before it was ordered";
    if (!offer)
      return loose.has(message.FlexOfferMessageID)
        ? "flex-order-not-whole: the offer cannot be carried out as it is"
        : "flex-order-unknown-offer: no such offer was made here";
    const powerW = powerOf(message.ISPs, place.slots);
    const isOffered =
      powerW?.every((watts, slot) => watts === offer.powerW[slot]) === true &&
      BigInt(message.Price) === offer.price &&
      message.Currency === place.currency;
    return isOffered ? undefined : "flex-order-not-as-offered: schedule, price or currency are not those of the offer";
  }

  function isSame(message: Extract<UftpMessage, { Message: "FlexOrder" }>, before: BindingOrder): boolean {
    const powerW = powerOf(message.ISPs, place.slots);
    return (
      powerW?.every((watts, slot) => watts === before.powerW[slot]) === true &&
      BigInt(message.Price) === before.price &&
      BigInt(message.PenaltyPerKwh) === before.penaltyPerKwh
    );
  }
}
