import type { Sharing, SharingRules } from "../../planner/community/sharing-round.ts";
import type { OrderedSchedule } from "../../settlement/record/flex-order.ts";
import type { Overload } from "./congestion.ts";
import type { Grid, Taken } from "./grid-model.ts";

/** An aggregator at one congestion point: what prognoses, requests, offers and orders are for. */
export interface Seat {
  participant: string;
  point: string;
  /** What the grid operator reckons with where no prognosis comes, W a slot. */
  expectedW: readonly number[];
}

/** What holds for one session: one grid, one span of slots. Instants in ms. */
export interface Terms {
  grid: Grid;
  /** Length of a slot, hours. */
  hours: number;
  seats: readonly Seat[];
  gates: {
    /** Prognoses are taken until then, and checked then. */
    prognosesMs: number;
    /** No further round is begun that could end later, */
    roundsMs: number;
    /** and the repair ends then: what is there is cleared. */
    clearMs: number;
    /** New prognoses after the orders are taken until then. */
    reprognosesMs: number;
    /** Delivery. */
    startMs: number;
    endMs: number;
    /** Meter values and answers to the settlement are waited for until then. */
    settleMs: number;
  };
  /** How long an answer to a request may take. */
  answerMs: number;
  sharing: SharingRules;
  /** How often each may be asked in the repair. */
  repairs: number;
  /** What the choice between two slots is usually worth, money per Wh: only how fast the rounds settle hangs on it. */
  priceScale: number;
  /** The most that is paid for flexibility, and what is taken for what is missing, micro-units per kWh. */
  reserve: bigint;
  penalty: bigint;
}

/** A forecast that the grid operator plans with (UFTP D-Prognosis). */
export interface Prognosis {
  revision: number;
  powerW: readonly number[];
  /** How many appliances or homes can move in it; rounds pull each of them. */
  parties: number;
  /** What that schedule costs by the aggregator's prices, for the stop rule; 0 where it is not told. */
  cost: bigint;
}

/** What an aggregator would do for a price (UFTP FlexOffer); binding once it is ordered. */
export interface Offer {
  id: string;
  /** The request that it answers. */
  request: number;
  powerW: readonly number[];
  /** Asked for leaving the prognosis for this schedule, micro-units. */
  price: bigint;
  /** False where the schedule cannot be carried out as it is: a relay that would be on for half a slot. */
  whole: boolean;
  /** The least share of it that may be ordered, millionths; the price is that share of it. */
  leastShare: number;
}

/** What was ordered of an offer (UFTP FlexOrder). */
export interface Order extends OrderedSchedule {
  /** Millionths of the offer. */
  share: number;
}

/** What an aggregator says to an order (UFTP FlexOrderResponse). */
export interface OrderAnswer {
  accepted: boolean;
  /** Why not. */
  reason: string | null;
  atMs: number;
}

/** How one seat stands. */
export interface SeatState {
  prognosis: Prognosis | null;
  /** Open or last offer, and the last one that can be carried out. */
  offer: Offer | null;
  lastWhole: Offer | null;
  revoked: readonly string[];
  /** Requests in a row that were not answered. */
  silent: number;
  order: Order | null;
  /** What its aggregator has said to the order last; null: nothing. It binds all the same. */
  orderAnswer: OrderAnswer | null;
  /** Wh of each slot; null until the meter operator has told it. */
  meteredWh: readonly number[] | null;
  settled: "open" | "agreed" | "disputed" | "unanswered";
}

export type Phase =
  | { is: "prognosis" }
  | { is: "frozen" }
  | { is: "round"; request: number; untilMs: number }
  | { is: "repair"; request: number; seat: number; queue: readonly number[]; sweep: number; untilMs: number }
  | { is: "reprognosis" }
  | { is: "operate" }
  | { is: "settle" }
  | { is: "closed" };

/** A session of the round protocol. Only sessionStep changes it, by making a new one. */
export interface Session {
  terms: Terms;
  phase: Phase;
  seats: readonly SeatState[];
  /** Number of the last request. */
  request: number;
  sharing: Sharing | null;
  /** Which seats the rounds' groups are. */
  groups: readonly number[];
  /** Rounds that were played, and why they ended. */
  rounds: number;
  roundsEnded: "converged" | "out-of-rounds" | "gate" | null;
  /** Offers of all seats that together kept every limit and can be carried out: what a timeout falls back to. */
  feasible: readonly (Offer | null)[] | null;
  /** Where the prognoses would overload the grid, and where what was ordered still does. */
  congestion: readonly Overload[];
  shortfall: readonly Overload[];
  /** Price of a Wh more by seat, money per Wh a slot: advice. */
  prices: readonly Float64Array[];
}

/** Before the first prognosis. */
export function openSession(terms: Terms): Session {
  return {
    terms,
    phase: { is: "prognosis" },
    seats: terms.seats.map(() => ({
      prognosis: null,
      offer: null,
      lastWhole: null,
      revoked: [],
      silent: 0,
      order: null,
      orderAnswer: null,
      meteredWh: null,
      settled: "open",
    })),
    request: 0,
    sharing: null,
    groups: [],
    rounds: 0,
    roundsEnded: null,
    feasible: null,
    congestion: [],
    shortfall: [],
    prices: terms.seats.map(() => new Float64Array(terms.grid.slots)),
  };
}

/** What a seat's prognosis says, or what is expected where there is none, W. */
export const prognosisOf = ({ terms, seats }: Session, seat: number): readonly number[] =>
  seats[seat]?.prognosis?.powerW ?? terms.seats[seat]?.expectedW ?? [];

/** Schedules by seat as places of the grid. */
export function takenBy({ terms }: Session, powerOf: (seat: number) => ArrayLike<number>): Taken[] {
  return terms.seats.map(({ point }, seat) => ({ point, powerW: powerOf(seat) }));
}

/** What each seat has said last: its offer, else its prognosis. */
export const offeredBy = (session: Session): Taken[] =>
  takenBy(session, (seat) => session.seats[seat]?.offer?.powerW ?? prognosisOf(session, seat));

/** Offers of a seat that may still be ordered, by their ids: also the one that a timeout would fall back to. */
export function openOffers({ seats, feasible }: Session, seat: number): string[] {
  const state = seats[seat];
  return [state?.offer, state?.lastWhole, feasible?.[seat]].flatMap((offer) => offer?.id ?? []);
}

/** A session with one seat changed. */
export function withSeat(session: Session, seat: number, change: Partial<SeatState>): Session {
  return { ...session, seats: session.seats.map((state, index) => (index === seat ? { ...state, ...change } : state)) };
}
