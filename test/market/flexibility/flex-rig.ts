import { loadParty, relaxedLoad, type FlexibleLoad, type LoadPlan } from "../../../planner/community/flexible-load.ts";
import { roundDesk, type RoundDesk } from "../../../planner/community/round-desk.ts";
import { usualSharing } from "../../../planner/community/sharing-round.ts";
import { radialGrid, type Grid } from "../../../market/flexibility/grid-model.ts";
import { openSession, type Session, type Terms } from "../../../market/flexibility/session.ts";
import type { Output } from "../../../market/flexibility/session-output.ts";
import { nextDueMs, sessionStep, type SessionEvent } from "../../../market/flexibility/session-step.ts";

/** Money per Wh in four hours. */
export const prices = Float64Array.of(0.1, 0.2, 0.3, 0.15).map((perKwh) => perKwh / 1000);
const slots = prices.length;

export const load = (kwh: number, kw: number, at: readonly number[], onOff = false): FlexibleLoad => ({
  energyWh: kwh * 1000,
  mostWh: prices.map((_, slot) => (at.includes(slot) ? kw * 1000 : 0)),
  onOff,
});
export const all = [0, 1, 2, 3];
/** Three cars that would all take the first hour. */
export const cars = [load(6, 6, all), load(5, 5, [0, 1]), load(3, 4, [0, 3])];

/** One feeder. @param limitW of import; @param exportW of export */
export function oneFeeder(limitW: number, exportW = Infinity, baseW = 0): Grid {
  const each = (watts: number): Float64Array => new Float64Array(slots).fill(watts);
  return radialGrid(
    [{ name: "feeder", kind: "line", above: null, importLimitW: each(limitW), exportLimitW: each(exportW), baseW: each(baseW) }],
    slots,
  );
}

/** An aggregator with loads, at its place in the grid. */
export const deskOf = (loads: readonly FlexibleLoad[], margin = 0): RoundDesk<LoadPlan> =>
  roundDesk(
    {
      parties: loads.map((one) => loadParty(one, prices, 0.1)),
      ...(loads.some(({ onOff }) => onOff) && { relaxed: loads.map((one) => loadParty(relaxedLoad(one), prices, 0.1)) }),
      portfolio: {
        community: {
          hours: new Float64Array(slots).fill(1),
          parties: loads.map((_, index) => ({ name: `load ${index}`, curtailedBeforeWh: 0 })),
          feeders: [],
          scale: 5e-5,
          seed: 1,
          keepWithin: 0,
        },
        nowMs: () => 0,
        mostMs: 1,
      },
    },
    1,
    margin,
  );

export const minuteMs = 60_000;

/** Terms of a session of some seats at the feeder. */
export const termsOf = (grid: Grid, seats: number, changes: Partial<Terms> = {}): Terms => ({
  grid,
  hours: 1,
  seats: Array.from({ length: seats }, (_, seat) => ({
    participant: `aggregator ${seat}`,
    point: grid.elements.at(-1)?.name ?? "",
    expectedW: Array.from({ length: slots }, () => 0),
  })),
  gates: {
    prognosesMs: 10 * minuteMs,
    roundsMs: 100 * minuteMs,
    clearMs: 120 * minuteMs,
    reprognosesMs: 130 * minuteMs,
    startMs: 200 * minuteMs,
    endMs: 440 * minuteMs,
    settleMs: 500 * minuteMs,
  },
  answerMs: minuteMs,
  sharing: usualSharing,
  repairs: 4,
  priceScale: 5e-5,
  reserve: 10_000_000n,
  penalty: 500_000n,
  ...changes,
});

/** What a seat does with an answer that its desk would give: by default it sends it. */
export type Manner = (answer: SessionEvent, asked: Output) => SessionEvent[];
export const honest: Manner = (answer) => [answer];
export const silent: Manner = () => [];

/** A whole session, every event in the order of its time; the clock goes on where nobody has anything to say. */
export function playSession(
  terms: Terms,
  desks: readonly RoundDesk<LoadPlan>[],
  manners: readonly Manner[] = desks.map(() => honest),
  untilMs = terms.gates.settleMs,
): { session: Session; out: Output[]; events: SessionEvent[]; phases: string[] } {
  let session = openSession(terms);
  const events: SessionEvent[] = [];
  const phases: string[] = [session.phase.is];
  const told: Output[] = [];
  const waiting: SessionEvent[] = desks.flatMap((desk, seat) =>
    manner(seat)(
      { is: "prognosis", atMs: 0, seat, prognosis: { revision: 1, ...desk.prognosis() } },
      { is: "congestion", overloads: [] },
    ),
  );
  for (let steps = 0; steps < 10_000; steps += 1) {
    waiting.sort((one, other) => one.atMs - other.atMs);
    const dueMs = nextDueMs(session);
    const next = waiting[0] && waiting[0].atMs <= dueMs ? waiting.shift() : undefined;
    const event = next ?? { is: "time" as const, atMs: dueMs };
    if (!Number.isFinite(event.atMs) || event.atMs > untilMs) break;
    events.push(event);
    const stepped = sessionStep(session, event);
    ({ session } = stepped);
    if (phases.at(-1) !== session.phase.is) phases.push(session.phase.is);
    told.push(...stepped.out);
    for (const out of stepped.out) if ("seat" in out) waiting.push(...answersTo(out, event.atMs));
  }
  return { session, out: told, events, phases };

  function manner(seat: number): Manner {
    return manners[seat] ?? honest;
  }
  function answersTo(out: Output & { seat: number }, atMs: number): SessionEvent[] {
    const desk = desks[out.seat];
    if (!desk || (out.is !== "request" && out.is !== "repair")) return [];
    const { powerW, price, whole } = out.is === "request" ? desk.answer(out) : desk.fit(out);
    const offer = { id: `${out.seat}-${out.request}`, request: out.request, powerW, price, whole, leastShare: 1_000_000 };
    return manner(out.seat)({ is: "offer", atMs, seat: out.seat, offer }, out);
  }
}

/** What flows through the feeder in the end, W a slot. */
export function flowOf({ terms, seats }: Session): number[] {
  return Array.from({ length: slots }, (_, slot) =>
    terms.seats.reduce((sum, { expectedW }, seat) => {
      const { order, prognosis } = seats[seat] ?? {};
      return sum + ((order?.powerW ?? prognosis?.powerW ?? expectedW)[slot] ?? 0);
    }, 0),
  );
}
