import type { Period } from "./period.ts";
import { prognosisOf, type Session } from "./session.ts";

/** A session as `smart-mla market report` prints it. Money is text. */
export interface SessionReport {
  date: string;
  phase: Session["phase"]["is"];
  rounds: number;
  /** Overloads of the prognoses, and those that are left, in words. */
  congestion: string[];
  shortfall: string[];
  orders: OrderReport[];
}

/** What was ordered at a seat. */
export interface OrderReport {
  participant: string;
  point: string;
  reference: string;
  price: string;
  /** Moved as it was asked for, Wh. */
  askedWh: number;
  /** What its aggregator has said: a rejected order binds all the same. */
  answer: "accepted" | "rejected" | "none";
  reason: string | null;
  /** Whether both agree on what it came to. */
  settled: Session["seats"][number]["settled"];
}

/** What a session came to, for people. Pure. */
export function reportOf(session: Session, { date }: Pick<Period, "date">): SessionReport {
  const { terms, phase, rounds, congestion, shortfall } = session;
  return {
    date,
    phase: phase.is,
    rounds,
    congestion: congestion.map(({ message }) => message),
    shortfall: shortfall.map(({ message }) => message),
    orders: session.seats.flatMap(({ order, orderAnswer, settled }, seat): OrderReport[] => {
      const at = terms.seats[seat];
      if (!order || !at) return [];
      const before = prognosisOf(session, seat);
      const watts = order.powerW.reduce(
        (sum, power, slot) => sum + Math.max(0, ((before[slot] ?? power) - power) * (order.asked[slot] ?? 0)),
        0,
      );
      return [
        {
          participant: at.participant,
          point: at.point,
          reference: order.offer,
          price: String(order.price),
          askedWh: Math.round(watts * terms.hours),
          answer: orderAnswer === null ? "none" : orderAnswer.accepted ? "accepted" : "rejected",
          reason: orderAnswer?.reason ?? null,
          settled,
        },
      ];
    }),
  };
}
