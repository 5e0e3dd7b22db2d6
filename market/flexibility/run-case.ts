import { AppError } from "../../core/app-error.ts";
import { usualSharing } from "../../planner/community/sharing-round.ts";
import { roundDesk, type DeskOffer } from "../../planner/community/round-desk.ts";
import type { CaseFile } from "./case-file.ts";
import { casePortfolio, figuresOf } from "./case-portfolio.ts";
import { wholeShare } from "./clear-offers.ts";
import { radialGrid, type Grid } from "./grid-model.ts";
import { openSession, type Session, type Terms } from "./session.ts";
import type { Output } from "./session-output.ts";
import { nextDueMs, sessionStep, type SessionEvent } from "./session-step.ts";

/** What a case came to: the session at its end, and each aggregator's offers with the plans behind them, by their ids. */
export interface PlayedCase {
  session: Session;
  aggregators: {
    name: string;
    loads: string[];
    cost: bigint;
    offers: Map<string, DeskOffer<unknown>>;
    settlement: Settled | null;
  }[];
}
type Settled = Extract<Output, { is: "settlement" }>["settlement"];

const minuteMs = 60_000;

/** Plays a case through the round protocol, every aggregator answering at once. @throws AppError market-bad-case, market-bad-grid and those of planning problems */
export function playCase(file: CaseFile): PlayedCase {
  const { slots } = file;
  const hours = file.slot_minutes / 60;
  const grid = gridOf(file);
  demandOwnNames(file.aggregators, "aggregators");
  for (const [index, { loads }] of file.aggregators.entries()) demandOwnNames(loads, `aggregators[${index}].loads`);
  const portfolios = file.aggregators.map((one, index) => {
    if (!grid.pathFrom.has(one.point))
      throw new AppError("market-bad-case", `aggregators[${index}].point: "${one.point}" is no element of the grid`);
    return casePortfolio(one, { slots, hours }, index);
  });
  const desks = portfolios.map(({ portfolio }, index) => roundDesk(portfolio, hours, file.aggregators[index]?.margin ?? 0));
  const terms: Terms = {
    grid,
    hours,
    seats: file.aggregators.map(({ name, point }) => ({
      participant: name,
      point,
      expectedW: Array.from({ length: slots }, () => 0),
    })),
    gates: { prognosesMs: 1, roundsMs: Infinity, clearMs: Infinity, reprognosesMs: 2, startMs: 3, endMs: 4, settleMs: 5 },
    answerMs: minuteMs,
    sharing: { ...usualSharing, mostRounds: file.rounds },
    repairs: file.repairs,
    priceScale: Math.max(...portfolios.map(({ scale }) => scale)),
    reserve: BigInt(file.reserve_micro_per_kwh),
    penalty: BigInt(file.penalty_micro_per_kwh),
  };
  const aggregators: PlayedCase["aggregators"] = desks.map((desk, index) => ({
    name: file.aggregators[index]?.name ?? "",
    loads: portfolios[index]?.names ?? [],
    cost: desk.prognosis().cost,
    offers: new Map(),
    settlement: null,
  }));
  let session = openSession(terms);
  const events: SessionEvent[] = desks.map((desk, seat) => ({
    is: "prognosis",
    atMs: 0,
    seat,
    prognosis: { revision: 1, ...desk.prognosis() },
  }));
  for (;;) {
    const event = events.shift() ?? clockEvent(session);
    if (!event) return { session, aggregators };
    const stepped = sessionStep(session, event);
    session = stepped.session;
    for (const out of stepped.out) events.push(...answered(out, event.atMs));
  }

  function answered(out: Output, atMs: number): SessionEvent[] {
    if (!("seat" in out)) return [];
    const [desk, known, file_] = [desks[out.seat], aggregators[out.seat], file.aggregators[out.seat]];
    if (!desk || !known || !file_) return [];
    switch (out.is) {
      case "request":
        return [offered(known, out, atMs, desk.answer(out))];
      case "repair":
        return [offered(known, out, atMs, desk.fit(out))];
      case "order":
        return file_.metered_wh
          ? [
              {
                is: "metered",
                atMs: terms.gates.startMs,
                seat: out.seat,
                wh: Array.from(figuresOf(file_.metered_wh, slots, "metered_wh")),
              },
            ]
          : [];
      case "settlement":
        known.settlement = out.settlement;
        return [{ is: "answer", atMs, seat: out.seat, agreed: true }];
      default:
        return [];
    }
  }
}

/** Orders, payments and schedules are told by name. @throws AppError market-bad-case */
function demandOwnNames(all: readonly { name: string }[], path: string): void {
  const places = new Map<string, number>();
  for (const [index, { name }] of all.entries()) {
    const before = places.get(name);
    if (before !== undefined)
      throw new AppError(
        "market-bad-case",
        `${path}[${index}].name: "${name}" is that of ${path}[${before}] too; give each its own`,
      );
    places.set(name, index);
  }
}

/** Time goes on only where nobody has anything to say. */
function clockEvent(session: Session): SessionEvent | undefined {
  const dueMs = nextDueMs(session);
  return Number.isFinite(dueMs) ? { is: "time", atMs: dueMs } : undefined;
}

/** The plans behind an offer are those of all of it, so no share of one is to be ordered here. */
function offered(
  { offers }: PlayedCase["aggregators"][number],
  { seat, request }: { seat: number; request: number },
  atMs: number,
  made: DeskOffer<unknown>,
): SessionEvent {
  const { powerW, price, whole } = made;
  const id = `offer ${request}`;
  offers.set(id, made);
  return { is: "offer", atMs, seat, offer: { id, request, powerW, price, whole, leastShare: wholeShare } };
}

function gridOf({ grid, slots }: CaseFile): Grid {
  const or = (input: number | readonly number[] | undefined, path: string): Float64Array =>
    input === undefined ? new Float64Array(slots).fill(Infinity) : figuresOf(input, slots, path);
  return radialGrid(
    grid.map(({ name, kind, above, import_limit_w, export_limit_w, base_w }, index) => ({
      name,
      kind,
      above: above ?? null,
      importLimitW: or(import_limit_w, `grid[${index}].import_limit_w`),
      exportLimitW: or(export_limit_w, `grid[${index}].export_limit_w`),
      baseW: figuresOf(base_w, slots, `grid[${index}].base_w`),
    })),
    slots,
  );
}
