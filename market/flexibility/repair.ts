import { overloadSumW, roomLeftW } from "./congestion.ts";
import { isAbsent, keepFeasible } from "./play-rounds.ts";
import { offeredBy, takenBy, prognosisOf, withSeat, type Offer, type Session } from "./session.ts";
import { refusedBy, type Output, type Stepped } from "./session-output.ts";

const microPerUnit = 1e6;
/**
 * Who fits in afresh pays a little more than the prices of the rounds: where two slots cost the same with them, room in the short
 * one is left to those who have no other.
 */
const dearer = 1.05;
/** All begin afresh where this share of the money is lost against the rounds, which knew no relays. */
const tooDear = 0.005;

/**
 * The repair: one after the other is asked for a schedule that can be carried out, within what the others leave. Those with relays
 * first, and of these the ones that moved least in the rounds: they have the least choice. In a second turn each betters its schedule
 * by its own money. Where that leaves an overload, or much money lost, all fit in afresh: then only those count that have done so,
 * for what relays take on average is no place for any of them. Who is silent is taken at its last word.
 */
export function beginRepair(session: Session, nowMs: number): Stepped<Session> & { done: boolean } {
  const absent = session.groups.filter((seat) => isAbsent(session, seat));
  const known = absent.reduce((state, seat) => fallBack(state, seat), session);
  return askNext(known, { queue: inOrder(known), sweep: 1 }, nowMs);
}

/** A schedule offered in the repair. It counts unless it overloads the grid more than what its seat could do anyway. */
export function takeRepair(session: Session, seat: number, offer: Offer, nowMs: number): Stepped<Session> & { done: boolean } {
  const { phase } = session;
  if (phase.is !== "repair") return { session, out: [], done: true };
  if (!offer.whole)
    return {
      session,
      out: [refusedBy(seat, offer.id, "market-flex-not-whole", "in the repair only schedules that can be carried out are taken")],
      done: false,
    };
  const offered = withSeat(session, seat, { offer, lastWhole: offer, silent: 0 });
  const otherwise = fallBack(session, seat);
  const grid = session.terms.grid;
  const isWorse = overloadSumW(grid, offeredBy(offered)) > overloadSumW(grid, offeredBy(otherwise));
  const out: Output[] = isWorse
    ? [refusedBy(seat, offer.id, "market-flex-overloads", "the offer overloads the grid more than the schedule before it")]
    : [];
  const next = askNext(keepFeasible(isWorse ? withSeat(otherwise, seat, { silent: 0 }) : offered), phase, nowMs);
  return { ...next, out: [...out, ...next.out] };
}

/** No answer in time: the seat is taken at its last word. */
export function missRepair(session: Session, nowMs: number): Stepped<Session> & { done: boolean } {
  const { phase } = session;
  if (phase.is !== "repair") return { session, out: [], done: true };
  const silent = (session.seats[phase.seat]?.silent ?? 0) + 1;
  return askNext(keepFeasible(withSeat(fallBack(session, phase.seat), phase.seat, { silent })), phase, nowMs);
}

/** A seat's last schedule that can be carried out: its last such offer or its prognosis, whichever overloads the grid less. */
export function fallBack(session: Session, seat: number): Session {
  const lastWhole = session.seats[seat]?.lastWhole ?? null;
  const [offered, planned] = [withSeat(session, seat, { offer: lastWhole }), withSeat(session, seat, { offer: null })];
  if (!lastWhole) return planned;
  const grid = session.terms.grid;
  return overloadSumW(grid, offeredBy(offered)) <= overloadSumW(grid, offeredBy(planned)) ? offered : planned;
}

function askNext(
  session: Session,
  { queue, sweep }: { queue: readonly number[]; sweep: number },
  nowMs: number,
): Stepped<Session> & { done: boolean } {
  const { terms } = session;
  const [seat, ...rest] = queue;
  if (nowMs >= terms.gates.clearMs) return { session, out: [], done: true };
  if (seat === undefined) {
    const again = sweep >= terms.repairs || (isBettered(sweep) && isGood(session)) ? [] : inOrder(session);
    return again.length === 0 ? { session, out: [], done: true } : askNext(session, { queue: again, sweep: sweep + 1 }, nowMs);
  }
  const request = session.request + 1;
  const untilMs = Math.min(nowMs + terms.answerMs, terms.gates.clearMs);
  const isAfresh = sweep > 2 && !isBettered(sweep);
  const others = takenBy(session, (other) =>
    other === seat || (isAfresh && rest.includes(other))
      ? []
      : (session.seats[other]?.offer?.powerW ?? prognosisOf(session, other)),
  );
  const { most, least } = roomLeftW(terms.grid, others, terms.seats[seat]?.point ?? "");
  const price = session.prices[seat] ?? new Float64Array(terms.grid.slots);
  return {
    session: { ...session, request, phase: { is: "repair", request, seat, queue: rest, sweep, untilMs } },
    out: [
      {
        is: "repair",
        seat,
        request,
        mostW: most,
        leastW: least,
        guide: price,
        paid: price.map((perWh) => (isAfresh ? perWh * dearer : 0)),
        untilMs,
      },
    ],
    done: false,
  };
}

const isBettered = (sweep: number): boolean => sweep % 2 === 0;

/** Whether all limits are kept for little more money than the rounds came to. */
function isGood({ terms, seats, sharing, feasible }: Session): boolean {
  if (!feasible) return false;
  const inRounds = sharing?.money.at(-1) ?? 0;
  const cost = seats.reduce((sum, { prognosis }) => sum + (prognosis?.cost ?? 0n), 0n);
  const asked = feasible.reduce((sum, offer) => sum + (offer?.price ?? 0n), 0n);
  return terms.repairs <= 2 || Number(cost + asked) / microPerUnit - inRounds <= tooDear * Math.abs(inRounds);
}

function inOrder(session: Session): number[] {
  const { groups, seats } = session;
  const isWhole = (seat: number): number => (seats[seat]?.offer?.whole === false ? 0 : 1);
  const moved = new Map(groups.map((seat) => [seat, movedShare(session, seat)]));
  return groups
    .filter((seat) => !isAbsent(session, seat))
    .toSorted((one, other) => isWhole(one) - isWhole(other) || (moved.get(one) ?? 0) - (moved.get(other) ?? 0));
}

/** How much of its energy a seat has moved away from its prognosis. */
function movedShare(session: Session, seat: number): number {
  const planned = prognosisOf(session, seat);
  const offered = session.seats[seat]?.offer?.powerW ?? planned;
  const [moved, all] = planned.reduce(
    ([away, sum], watts, slot) => [away + Math.abs(watts - (offered[slot] ?? watts)), sum + Math.abs(watts)],
    [0, 0],
  );
  return all === 0 ? 0 : moved / all;
}
