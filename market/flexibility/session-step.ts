import { overloads } from "./congestion.ts";
import { clearOffers } from "./clear-offers.ts";
import { leewayOf } from "./leeway.ts";
import { beginRounds, endRound, isAnswered, keepFeasible } from "./play-rounds.ts";
import { beginRepair, fallBack, missRepair, takeRepair } from "./repair.ts";
import { offeredBy, openOffers, prognosisOf, takenBy, withSeat, type Offer, type Prognosis, type Session } from "./session.ts";
import { refusedBy, type Output, type Stepped } from "./session-output.ts";
import { settleOrder } from "../../settlement/record/flex-order.ts";

/** What comes to a session, and when, ms. What came over the wire is checked in its form before. */
export type SessionEvent = { atMs: number } & (
  | { is: "time" }
  | { is: "prognosis"; seat: number; prognosis: Prognosis }
  | { is: "offer"; seat: number; offer: Offer }
  | { is: "revoke"; seat: number; offer: string }
  | { is: "orderAnswer"; seat: number; accepted: boolean; reason: string | null }
  | { is: "metered"; seat: number; wh: readonly number[] }
  | { is: "answer"; seat: number; agreed: boolean }
);

/**
 * The round protocol of a grid operator with the aggregators on its feeders, as a pure state machine: prognoses, check, rounds,
 * repair, clearing, new prognoses, delivery, settlement. What is due by the clock is done first, so that nothing that comes late
 * counts; the same events make the same session again. Any timeout keeps the last schedules that can be carried out and fit.
 */
export function sessionStep(session: Session, event: SessionEvent): Stepped<Session> {
  const due = byTheClock(session, event.atMs);
  const taken = take(due.session, event);
  const after = byTheClock(taken.session, event.atMs);
  return { session: after.session, out: [...due.out, ...taken.out, ...after.out] };
}

/** When something is due without a message, ms; Infinity when nothing is. */
export function nextDueMs({ phase, terms: { gates } }: Session): number {
  switch (phase.is) {
    case "prognosis":
      return gates.prognosesMs;
    case "round":
      return phase.untilMs;
    case "repair":
      return phase.untilMs;
    case "reprognosis":
      return gates.reprognosesMs;
    case "operate":
      return gates.endMs;
    case "settle":
      return gates.settleMs;
    case "frozen":
    case "closed":
      return Infinity;
  }
}

function byTheClock(session: Session, nowMs: number): Stepped<Session> {
  const out: Output[] = [];
  for (;;) {
    const isDue = nowMs >= nextDueMs(session);
    const isReady = isAnswered(session) || (session.phase.is === "settle" && isSettled(session));
    if (!isDue && !isReady) return { session, out };
    // What was due at a gate happened then, also where nobody looked until later.
    const atMs = isDue ? Math.min(nowMs, nextDueMs(session)) : nowMs;
    const stepped = advance(session, atMs);
    session = stepped.session;
    out.push(...stepped.out);
  }
}

function advance(session: Session, nowMs: number): Stepped<Session> {
  switch (session.phase.is) {
    case "prognosis":
      return check(session, nowMs);
    case "round": {
      const ended = endRound(session, nowMs);
      return ended.done ? then(ended, (next) => orClear(beginRepair(next, nowMs))) : ended;
    }
    case "repair":
      return orClear(missRepair(session, nowMs));
    case "reprognosis":
      return { session: { ...session, phase: { is: "operate" } }, out: [] };
    case "operate":
      return settle({ ...session, phase: { is: "settle" } });
    case "settle": {
      const seats = session.seats.map((state) =>
        state.order && state.settled === "open" ? { ...state, settled: "unanswered" as const } : state,
      );
      return { session: { ...session, seats, phase: { is: "closed" } }, out: [] };
    }
    case "frozen":
    case "closed":
      return { session, out: [] };
  }
}

function check(session: Session, nowMs: number): Stepped<Session> {
  const congestion = overloads(session.terms.grid, offeredBy(session));
  if (congestion.length === 0) return { session: { ...session, phase: { is: "frozen" } }, out: [] };
  const begun = beginRounds({ ...session, congestion }, nowMs);
  const told: Stepped<Session> = { session: begun.session, out: [{ is: "congestion", overloads: congestion }, ...begun.out] };
  return begun.session.groups.length === 0 ? then(told, clear) : told;
}

/** Chooses what is ordered. Offers that cannot be carried out give way to what their seats could do last. */
function clear(session: Session): Stepped<Session> {
  const { grid, hours, seats, reserve } = session.terms;
  let last = session;
  for (const seat of session.groups) if (last.seats[seat]?.offer?.whole === false) last = fallBack(last, seat);
  // Where all limits were kept before for less, or are not kept now, that holds.
  const { feasible } = keepFeasible(last);
  if (feasible) last = { ...last, seats: last.seats.map((state, seat) => ({ ...state, offer: feasible[seat] ?? null })) };
  const cleared = clearOffers(
    grid,
    hours,
    seats.map(({ point }, seat) => ({ point, prognosisW: prognosisOf(last, seat), offer: last.seats[seat]?.offer ?? null })),
    reserve,
  );
  const ordered: Session = {
    ...last,
    phase: { is: "reprognosis" },
    seats: last.seats.map((state, seat) => ({ ...state, order: cleared[seat]?.order ?? null })),
  };
  const taken = takenBy(ordered, (seat) => ordered.seats[seat]?.order?.powerW ?? prognosisOf(ordered, seat));
  const shortfall = overloads(grid, taken);
  const leeways = leewayOf(
    grid,
    taken.map((one, seat) => ({ ...one, parties: ordered.seats[seat]?.prognosis?.parties ?? 0 })),
  );
  const out = cleared.flatMap(({ order, why }, seat): Output[] => {
    const leeway = leeways[seat];
    if (order && leeway) return [{ is: "order", seat, order, leeway }];
    const offer = last.seats[seat]?.offer;
    return offer && why ? [{ is: "unordered", seat, offer: offer.id, ...why }] : [];
  });
  if (shortfall.length > 0) out.push({ is: "shortfall", overloads: shortfall });
  return { session: { ...ordered, shortfall }, out };
}

function take(session: Session, event: SessionEvent): Stepped<Session> {
  switch (event.is) {
    case "time":
      return { session, out: [] };
    case "prognosis":
      return takePrognosis(session, event.seat, event.prognosis);
    case "offer":
      return takeOffer(session, event.seat, event.offer, event.atMs);
    case "revoke":
      return takeRevocation(session, event.seat, event.offer);
    case "orderAnswer": {
      const { accepted, reason, atMs } = event;
      const { order, orderAnswer } = session.seats[event.seat] ?? {};
      const isNews = order && (orderAnswer?.accepted !== accepted || orderAnswer.reason !== reason);
      return {
        session: isNews ? withSeat(session, event.seat, { orderAnswer: { accepted, reason, atMs } }) : session,
        out: [],
      };
    }
    case "metered": {
      const isNew = session.seats[event.seat]?.meteredWh === null;
      if (!isNew || (session.phase.is !== "operate" && session.phase.is !== "settle")) return { session, out: [] };
      const metered = withSeat(session, event.seat, { meteredWh: event.wh });
      return metered.phase.is === "settle"
        ? { session: metered, out: settlementOf(metered, event.seat) }
        : { session: metered, out: [] };
    }
    case "answer": {
      const state = session.seats[event.seat];
      if (session.phase.is !== "settle" || !state?.order || !state.meteredWh || state.settled !== "open")
        return refused(session, event.seat, "settlement", "market-flex-unexpected", "no settlement waits for an answer");
      return { session: withSeat(session, event.seat, { settled: event.agreed ? "agreed" : "disputed" }), out: [] };
    }
  }
}

function takePrognosis(session: Session, seat: number, prognosis: Prognosis): Stepped<Session> {
  const { phase, terms } = session;
  const known = session.seats[seat];
  const what = `prognosis ${prognosis.revision}`;
  if (!known) return refused(session, seat, what, "market-flex-unknown-seat", `there is no seat ${seat}`);
  const before = known.prognosis;
  if (prognosis.powerW.length !== terms.grid.slots)
    return refused(session, seat, what, "market-flex-bad-length", `expected ${terms.grid.slots} slots`);
  if (before && prognosis.revision <= before.revision) {
    const isSame =
      prognosis.revision === before.revision && prognosis.powerW.every((watts, slot) => watts === before.powerW[slot]);
    return refused(
      session,
      seat,
      what,
      isSame ? "market-flex-duplicate" : "market-flex-conflict",
      isSame ? "it is known already" : `revision ${before.revision} is here; a change needs a higher one`,
    );
  }
  if (phase.is === "prognosis") return { session: withSeat(session, seat, { prognosis }), out: [] };
  if (phase.is !== "reprognosis") return refused(session, seat, what, "market-flex-late", "the gate for prognoses is closed");
  // After the orders a prognosis says what was ordered; it may not bring the congestion back.
  const ordered = known.order?.powerW ?? before?.powerW ?? [];
  const isOrdered = prognosis.powerW.every((watts, slot) => watts === ordered[slot]);
  return isOrdered
    ? { session, out: [] }
    : refused(session, seat, what, "market-flex-not-as-ordered", "it differs from what was ordered; the order stands");
}

function takeOffer(session: Session, seat: number, offer: Offer, nowMs: number): Stepped<Session> {
  const { phase, terms } = session;
  const state = session.seats[seat];
  if (!state) return refused(session, seat, offer.id, "market-flex-unknown-seat", `there is no seat ${seat}`);
  if (offer.powerW.length !== terms.grid.slots)
    return refused(session, seat, offer.id, "market-flex-bad-length", `expected ${terms.grid.slots} slots`);
  if (state.revoked.includes(offer.id))
    return refused(session, seat, offer.id, "market-flex-duplicate", "an offer of this id was revoked");
  const isAsked = phase.is === "round" ? session.groups.includes(seat) : phase.is === "repair" && phase.seat === seat;
  if (!isAsked || !("request" in phase) || offer.request !== phase.request) {
    const late = offer.request <= session.request ? "market-flex-late" : "market-flex-unexpected";
    return refused(session, seat, offer.id, late, `request ${offer.request} does not wait for an offer`);
  }
  const before = state.offer;
  if (before?.request === offer.request) {
    const isSame =
      before.id === offer.id &&
      before.price === offer.price &&
      before.powerW.every((watts, slot) => watts === offer.powerW[slot]);
    return refused(
      session,
      seat,
      offer.id,
      isSame ? "market-flex-duplicate" : "market-flex-conflict",
      isSame ? "it is known already" : `offer ${before.id} answers request ${offer.request} already; revoke it first`,
    );
  }
  if (phase.is === "repair") return orClear(takeRepair(session, seat, offer, nowMs));
  return { session: withSeat(session, seat, { offer, ...(offer.whole && { lastWhole: offer }) }), out: [] };
}

/** An offer may be taken back until it is ordered; then it binds. */
function takeRevocation(session: Session, seat: number, id: string): Stepped<Session> {
  const state = session.seats[seat];
  if (state?.order?.offer === id)
    return refused(session, seat, id, "market-flex-order-binding", "the offer was ordered and binds");
  // It was taken back already, and its sender does not know whether that has come.
  if (state?.revoked.includes(id)) return { session, out: [] };
  if (!state || !openOffers(session, seat).includes(id))
    return refused(session, seat, id, "market-flex-unknown-offer", "no such offer is open");
  const without = (offer: Offer | null): Offer | null => (offer?.id === id ? null : offer);
  const changed = withSeat(session, seat, {
    offer: without(state.offer),
    lastWhole: without(state.lastWhole),
    revoked: [...state.revoked, id],
  });
  const isFeasible = changed.feasible?.every((offer, at) => at !== seat || offer?.id !== id) ?? false;
  return { session: { ...changed, feasible: isFeasible ? changed.feasible : null }, out: [] };
}

function settle(session: Session): Stepped<Session> {
  return { session, out: session.seats.flatMap((_, seat) => settlementOf(session, seat)) };
}

function settlementOf(session: Session, seat: number): Output[] {
  const state = session.seats[seat];
  if (!state?.order || !state.meteredWh) return [];
  const { hours, penalty } = session.terms;
  const settlement = settleOrder(state.order, {
    baselineW: prognosisOf(session, seat),
    meteredWh: state.meteredWh,
    hours,
    penalty,
  });
  return [{ is: "settlement", seat, settlement }];
}

const isSettled = ({ seats }: Session): boolean => seats.every(({ order, settled }) => !order || settled !== "open");

function then(first: Stepped<Session>, next: (session: Session) => Stepped<Session>): Stepped<Session> {
  const second = next(first.session);
  return { session: second.session, out: [...first.out, ...second.out] };
}

const orClear = (stepped: Stepped<Session> & { done: boolean }): Stepped<Session> =>
  stepped.done ? then({ session: stepped.session, out: stepped.out }, clear) : { session: stepped.session, out: stepped.out };

const refused = (session: Session, seat: number, what: string, code: string, message: string): Stepped<Session> => ({
  session,
  out: [refusedBy(seat, what, code, message)],
});
