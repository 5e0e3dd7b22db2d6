import { errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { powerOf, type UftpMessage } from "../../core/message/uftp.ts";
import { replaySteps, seatOf, type KeptStep, type StepStore } from "./kept-step.ts";
import type { Period } from "./period.ts";
import { openOffers, openSession, type SeatState, type Session, type Terms } from "./session.ts";
import type { Output } from "./session-output.ts";
import { nextDueMs, sessionStep, type SessionEvent } from "./session-step.ts";
import { tellSession } from "./tell-session.ts";
import { headFor, messageOf, type Wire } from "./wire.ts";

/** So many messages of a seat are kept, besides answers to requests: a prognosis each ten minutes is far below. */
const mostKept = 1000;
/** What can be said again and again, each time another way; anything else only as often as there is something to say it about. */
const endless: ReadonlySet<SessionEvent["is"]> = new Set(["prognosis", "offer", "orderAnswer"]);

/** The grid operator's side of one session over the wire. */
export interface FlexOperator {
  /** A message of a participant, by then known to be its own. Resolves once it is kept; what changes nothing is not. */
  take(message: UftpMessage): Promise<void>;
  /** What is due by the clock. */
  step(): Promise<void>;
  /** What the meter operator has told, Wh a slot. */
  metered(seat: number, wh: readonly number[]): Promise<void>;
  /** Says orders and settlements again that have no answer: their aggregator may have been out of reach for long. */
  remind(): Promise<void>;
  /** Whether a message without a period is about an offer or an order of this session. */
  concerns(message: UftpMessage): boolean;
  session(): Session;
  period: Period;
  /** When `step` is due, ms; Infinity when nothing is. */
  dueMs(): number;
}

/**
 * Carries one session: one thing after the other, each that changes something kept with what it leads to before that is sent. The
 * steps that are kept make the same session again after a restart; what is still wanted of what they said is sent again then.
 */
export async function flexOperator(options: {
  domain: string;
  currency: string;
  period: Period;
  terms: Terms;
  store: StepStore;
  send: (messages: readonly UftpMessage[]) => void;
  uuid: () => string;
  now: () => number;
  log: Log;
}): Promise<FlexOperator> {
  const { domain, currency, period, terms, store, send, uuid, now, log } = options;
  const { slots } = terms.grid;
  let session = openSession(terms);
  const prognosisIds = new Map<number, string>();
  const conversations = new Map<number, string>();
  /** Requests by the id of their message. */
  const requests = new Map<string, { seat: number; request: number }>();
  /** Seats by the ids of the messages that carried their orders. */
  const orders = new Map<string, number>();
  const wire: Wire = {
    domain,
    currency,
    period,
    terms,
    uuid,
    prognosisId: (seat) => prognosisIds.get(seat) ?? uuid(),
    conversation: (seat) => conversations.get(seat) ?? uuid(),
  };
  /** What has been said of orders and settlements, by kind and seat. */
  const binding = new Map<string, UftpMessage>();
  /** Messages that are kept, by seat. */
  const counts = new Map<number, number>();

  const kept = await store.steps();
  for (const after of replaySteps(terms, kept)) {
    ({ session } = after);
    noteKept(after.step);
  }
  // Whoever had it knows it again by its id.
  send(kept.flatMap(({ sent }) => sent.filter((message) => isOpenRequest(message))));
  send(unanswered());
  let last: Promise<void> = Promise.resolve();
  /** One after the other, whatever the one before came to. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work);
    last = mine.catch((error: unknown) => log.error({ error: errorMessage(error) }, "step of a session failed"));
    return mine;
  };
  return {
    take: (message) => inTurn(() => taken(message)),
    step: () => inTurn(async () => (now() >= nextDueMs(session) ? await happened({ is: "time", atMs: now() }, null) : undefined)),
    metered: (seat, wh) => inTurn(() => happened({ is: "metered", atMs: now(), seat, wh }, null)),
    remind: () => inTurn(async () => send(unanswered())),
    concerns,
    session: () => session,
    period,
    dueMs: () => nextDueMs(session),
  };

  async function happened(event: SessionEvent, source: UftpMessage | null): Promise<void> {
    if (source && "seat" in event && endless.has(event.is) && isFull(event.seat))
      return refuse(
        source,
        event.seat,
        "too many of its messages are kept for this day; send less often",
        "market-flex-too-many",
      );
    const stepped = sessionStep(session, event);
    const responses = source && "seat" in event ? responseTo(source, event.seat, refusal(stepped.out, event.seat)) : [];
    const sent = [...responses, ...stepped.out.flatMap((out) => messageOf(wire, out, event.atMs) ?? [])];
    // Refusals change nothing, and must take no room, however many there are.
    if (stepped.session !== session) {
      const done = { event, source, sent };
      await store.add(done, session.phase.is === "prognosis" && stepped.session.phase.is !== "prognosis");
      session = stepped.session;
      noteKept(done);
    }
    for (const out of stepped.out) tellSession(log, { date: period.date, terms }, out);
    send(sent);
  }

  async function taken(message: UftpMessage): Promise<void> {
    const atMs = now();
    switch (message.Message) {
      case "DPrognosis": {
        const seat = seatOf(terms, message.SenderDomain, message.CongestionPoint);
        const powerW = inPeriod(message) ? powerOf(message.ISPs, slots) : undefined;
        if (seat < 0 || !powerW) return refuse(message, seat, "its place, period or ISPs are not those of the session");
        const { Parties: parties = 0, Cost: cost = "0" } = message.Rounds ?? {};
        const prognosis = { revision: message.Revision, powerW, parties, cost: BigInt(cost) };
        return happened({ is: "prognosis", atMs, seat, prognosis }, message);
      }
      case "FlexOffer": {
        const request = requests.get(message.FlexRequestMessageID);
        const seat = seatOf(terms, message.SenderDomain, message.CongestionPoint);
        const [option] = message.OfferOptions;
        const powerW = option && inPeriod(message) ? powerOf(option.ISPs, slots) : undefined;
        if (!request || request.seat !== seat || !option || !powerW || message.Currency !== currency)
          return refuse(message, seat, "its request, place, period, currency or ISPs are not those of the session");
        const offer = {
          id: message.MessageID,
          request: request.request,
          powerW,
          price: BigInt(option.Price),
          whole: message.Whole,
          leastShare: Math.round(option.MinActivationFactor * 1e6),
        };
        return happened({ is: "offer", atMs, seat, offer }, message);
      }
      case "FlexOfferRevocation": {
        const seat = terms.seats.findIndex(
          ({ participant }, at) => participant === message.SenderDomain && isOf(at, message.FlexOfferMessageID),
        );
        if (seat < 0) return refuse(message, seat, "no such offer is open");
        return happened({ is: "revoke", atMs, seat, offer: message.FlexOfferMessageID }, message);
      }
      case "FlexSettlementResponse":
        for (const { OrderReference, Disposition, DisputeReason } of message.FlexOrderSettlementStatuses) {
          const seat = terms.seats.findIndex(
            ({ participant }, at) => participant === message.SenderDomain && session.seats[at]?.order?.offer === OrderReference,
          );
          if (Disposition === "Disputed")
            log.warn({ from: message.SenderDomain, order: OrderReference, reason: DisputeReason }, "settlement disputed");
          else if (seat >= 0) log.info({ from: message.SenderDomain, order: OrderReference }, "settlement agreed");
          if (seat >= 0) await happened({ is: "answer", atMs, seat, agreed: Disposition === "Accepted" }, message);
        }
        return;
      case "FlexOrderResponse": {
        const seat = orders.get(message.FlexOrderMessageID) ?? -1;
        if (terms.seats[seat]?.participant !== message.SenderDomain) return;
        const [accepted, reason] = [message.Result === "Accepted", message.RejectionReason ?? null];
        if (!accepted) log.warn({ from: message.SenderDomain, reason }, "order rejected, but it binds");
        return happened({ is: "orderAnswer", atMs, seat, accepted, reason }, message);
      }
      default:
        log.debug({ message: message.Message, from: message.SenderDomain }, "message taken note of");
    }
  }

  function isOpenRequest(message: UftpMessage): boolean {
    return message.Message === "FlexRequest" && Date.parse(message.ExpirationDateTime) > now();
  }

  /** Orders until they are to be delivered, and settlements. */
  function unanswered(): UftpMessage[] {
    const of = (kind: "FlexOrder" | "FlexSettlement", isOpen: (state: SeatState) => boolean): UftpMessage[] =>
      session.seats.flatMap((state, seat) => (isOpen(state) ? (binding.get(`${kind} ${seat}`) ?? []) : []));
    if (session.phase.is === "settle") return of("FlexSettlement", ({ settled }) => settled === "open");
    const isBeforeDelivery = session.phase.is === "reprognosis" || session.phase.is === "operate";
    return isBeforeDelivery && now() < terms.gates.startMs ? of("FlexOrder", ({ orderAnswer }) => orderAnswer === null) : [];
  }

  function concerns(message: UftpMessage): boolean {
    const isOfAny = (id: string): boolean => session.seats.some((_, seat) => isOf(seat, id));
    switch (message.Message) {
      case "FlexOfferRevocation":
        return isOfAny(message.FlexOfferMessageID);
      case "FlexSettlementResponse":
        return message.FlexOrderSettlementStatuses.some(({ OrderReference }) => isOfAny(OrderReference));
      case "FlexOrderResponse":
        return orders.has(message.FlexOrderMessageID);
      default:
        return false;
    }
  }

  /** Whether an id is of an offer of a seat that may be ordered, or was, or was taken back. */
  function isOf(seat: number, id: string): boolean {
    const { order, revoked } = session.seats[seat] ?? {};
    return order?.offer === id || revoked?.includes(id) === true || openOffers(session, seat).includes(id);
  }

  function inPeriod(place: { ISPDuration: string; TimeZone: string; Period: string }): boolean {
    return place.Period === period.date && place.TimeZone === period.timezone && place.ISPDuration === `PT${period.slotMinutes}M`;
  }

  /** What is no message of this session is answered at once, and nothing of it is kept. */
  function refuse(message: UftpMessage, seat: number, why: string, code = "market-flex-unexpected"): void {
    const known = seat >= 0 ? seat : terms.seats.findIndex(({ participant }) => participant === message.SenderDomain);
    log.warn({ message: message.Message, from: message.SenderDomain, why }, "message refused");
    send(responseTo(message, known, `${code}: ${why}`));
  }

  function responseTo(source: UftpMessage, seat: number, reason: string | undefined): UftpMessage[] {
    const result =
      reason === undefined
        ? { Result: "Accepted" as const }
        : { Result: "Rejected" as const, RejectionReason: reason.slice(0, 500) };
    const head = { ...headFor(wire, seat, now()), RecipientDomain: source.SenderDomain, ConversationID: source.ConversationID };
    switch (source.Message) {
      case "DPrognosis":
        return [{ Message: "DPrognosisResponse", ...head, ...result, DPrognosisMessageID: source.MessageID }];
      case "FlexOffer":
        return [{ Message: "FlexOfferResponse", ...head, ...result, FlexOfferMessageID: source.MessageID }];
      case "FlexOfferRevocation":
        return [{ Message: "FlexOfferRevocationResponse", ...head, ...result, FlexOfferMessageID: source.FlexOfferMessageID }];
      default:
        return [];
    }
  }

  function isFull(seat: number): boolean {
    return (counts.get(seat) ?? 0) >= mostKept + terms.sharing.mostRounds + terms.repairs;
  }

  /** Ids of what is kept, and how much that is. */
  function noteKept({ event, source, sent }: KeptStep): void {
    if (source && "seat" in event) counts.set(event.seat, (counts.get(event.seat) ?? 0) + 1);
    if (source?.Message === "DPrognosis" && event.is === "prognosis") {
      conversations.set(event.seat, source.ConversationID);
      if (session.seats[event.seat]?.prognosis?.revision === source.Revision) prognosisIds.set(event.seat, source.MessageID);
    }
    for (const message of sent) {
      if (message.Message === "FlexOrder") {
        const seat = seatOf(terms, message.RecipientDomain, message.CongestionPoint);
        orders.set(message.MessageID, seat);
        binding.set(`FlexOrder ${seat}`, message);
      }
      if (message.Message === "FlexSettlement") {
        const point = message.FlexOrderSettlements[0]?.CongestionPoint ?? "";
        binding.set(`FlexSettlement ${seatOf(terms, message.RecipientDomain, point)}`, message);
      }
      if (message.Message === "FlexRequest")
        requests.set(message.MessageID, {
          seat: seatOf(terms, message.RecipientDomain, message.CongestionPoint),
          request: message.Revision,
        });
    }
  }
}

function refusal(out: readonly Output[], seat: number): string | undefined {
  const found = out.find((one) => one.is === "refused" && one.seat === seat);
  return found?.is === "refused" ? `${found.code}: ${found.message}` : undefined;
}
