import { openSharing, sharedPrice, sharingRound, shiftFor, type SharingReply } from "../../planner/community/sharing-round.ts";
import { overloadSumW } from "./congestion.ts";
import { offeredBy, prognosisOf, takenBy, type Session } from "./session.ts";
import type { Output, Stepped } from "./session-output.ts";
import { sharedLimits } from "./shared-limits.ts";

/** Who was silent so often in a row is no longer waited for, though still asked. */
const mostSilent = 2;
const microPerUnit = 1e6;

/** The rounds begin with the prognoses, as if they were answers without any pull. */
export function beginRounds(session: Session, nowMs: number): Stepped<Session> {
  const { grid, hours, seats, priceScale } = session.terms;
  const groups = seats.flatMap((_, seat) => ((session.seats[seat]?.prognosis?.parties ?? 0) > 0 ? [seat] : []));
  const parties = groups.map((seat) => session.seats[seat]?.prognosis?.parties ?? 0);
  const fixed = takenBy(session, (seat) => (groups.includes(seat) ? [] : prognosisOf(session, seat)));
  const limits = sharedLimits(
    grid,
    hours,
    groups.map((seat) => seats[seat] ?? { point: "" }),
    fixed,
  );
  const replies = groups.map((seat) => replyOf(session, seat));
  const peakWh = Math.max(
    1,
    ...Array.from({ length: grid.slots }, (_, slot) => Math.abs(replies.reduce((sum, { netWh }) => sum + (netWh[slot] ?? 0), 0))),
  );
  const all = parties.reduce((sum, count) => sum + count, 0);
  const open = openSharing(parties, limits, (2 * priceScale * Math.max(1, all)) / peakWh);
  const { state } = sharingRound(open, replies, session.terms.sharing);
  const begun: Session = { ...session, groups, sharing: state, rounds: 0 };
  return groups.length === 0 ? { session: begun, out: [] } : askRound(begun, nowMs);
}

/** Whether a round has all the answers that are waited for. */
export function isAnswered({ phase, groups, seats }: Session): boolean {
  if (phase.is !== "round") return false;
  return groups.every((seat) => {
    const state = seats[seat];
    return state === undefined || state.silent >= mostSilent || state.offer?.request === phase.request;
  });
}

/** Who has gone silent. */
export const isAbsent = ({ seats }: Session, seat: number): boolean => (seats[seat]?.silent ?? 0) >= mostSilent;

/**
 * Ends a round: who has not answered stays where it was. Then the next one, unless the rounds have converged, have run out, or
 * could end after their gate; `done` says so.
 */
export function endRound(session: Session, nowMs: number): Stepped<Session> & { done: boolean } {
  const { phase, groups, sharing, terms } = session;
  if (phase.is !== "round" || !sharing) return { session, out: [], done: true };
  const heard: Session = {
    ...session,
    rounds: session.rounds + 1,
    seats: session.seats.map((state, seat) =>
      !groups.includes(seat) ? state : { ...state, silent: state.offer?.request === phase.request ? 0 : state.silent + 1 },
    ),
  };
  const replies = groups.map((seat) => replyOf(heard, seat));
  const { state, verdict } = sharingRound(sharing, replies, { ...terms.sharing, mostRounds: terms.sharing.mostRounds + 1 });
  const next = keepFeasible({ ...heard, sharing: state });
  const isLate = nowMs + terms.answerMs > terms.gates.roundsMs;
  const isOver = verdict !== "go-on" || isLate || groups.every((seat) => isAbsent(next, seat));
  if (!isOver) return { ...askRound(next, nowMs), done: false };
  const roundsEnded = verdict === "converged" ? "converged" : verdict === "out-of-rounds" ? "out-of-rounds" : "gate";
  return { session: { ...next, roundsEnded, prices: pricesOf(next) }, out: [], done: true };
}

/** Remembers the offers of all, if together they keep every limit, can be carried out, and ask for less than those before. */
export function keepFeasible(session: Session): Session {
  const offers = session.seats.map(({ offer }) => offer);
  if (offers.some((offer) => offer?.whole === false) || overloadSumW(session.terms.grid, offeredBy(session)) > 0) return session;
  const asked = (all: Session["feasible"]): bigint => (all ?? []).reduce((sum, offer) => sum + (offer?.price ?? 0n), 0n);
  return session.feasible && asked(session.feasible) <= asked(offers) ? session : { ...session, feasible: offers };
}

function askRound(session: Session, nowMs: number): Stepped<Session> {
  const { groups, sharing, terms } = session;
  const request = session.request + 1;
  // Nothing is waited for beyond the last gate, however long an answer may take.
  const untilMs = Math.min(nowMs + terms.answerMs, Math.max(nowMs, terms.gates.clearMs));
  const asked: Session = { ...session, request, phase: { is: "round", request, untilMs } };
  if (!sharing) return { session: asked, out: [] };
  const out = groups.map((seat, group): Output => ({
    is: "request",
    seat,
    request,
    round: session.rounds + 1,
    shiftWh: shiftFor(sharing, group),
    penalty: sharing.penalty,
    price: sharedPrice(sharing, group),
    untilMs,
  }));
  return { session: asked, out };
}

function replyOf(session: Session, seat: number): SharingReply {
  const state = session.seats[seat];
  const power = state?.offer?.powerW ?? prognosisOf(session, seat);
  return {
    netWh: Float64Array.from(power, (watts) => watts * session.terms.hours),
    money: Number((state?.prognosis?.cost ?? 0n) + (state?.offer?.price ?? 0n)) / microPerUnit,
  };
}

function pricesOf({ sharing, groups, prices }: Session): Float64Array[] {
  return prices.map((before, seat) => {
    const group = groups.indexOf(seat);
    return sharing && group >= 0 ? sharedPrice(sharing, group) : before;
  });
}
