import { overloadWh } from "./board.ts";
import { fairMosts, weightsOf } from "./fair-share.ts";
import { noted, type History } from "./history.ts";
import { fitPass, type Coordination, type PassRoom } from "./passes.ts";

const retries = 3;
const recoveries = 3;

/**
 * What does not fit with all wishes kept: each party gives up what is above its fair share, those first who gave up least before;
 * then what is left over is given back, to those first who lack most.
 * @param order the parties, in an order drawn anew each time: it decides among equals
 * @param options.beforeWh what each gave up before; options.wantedWh what its wishes miss anyway
 */
export function* curtail<Plan>(
  room: PassRoom<Plan>,
  history: History<Plan>,
  order: () => number[],
  options: { beforeWh: readonly number[]; wantedWh: readonly number[] },
): Coordination<Plan, void> {
  const { board } = room;
  const { beforeWh, wantedWh } = options;
  const gaveUp = (party: number): number =>
    (beforeWh[party] ?? 0) + Math.max(0, (board.answers[party]?.missedWh ?? 0) - (wantedWh[party] ?? 0));
  const leastFirst = (): number[] => order().toSorted((one, other) => gaveUp(one) - gaveUp(other));
  const within = (effort: "usual" | "thorough", parties: number[], fairMost?: (party: number, slot: number) => number) =>
    fitPass(room, parties, { effort, guide: 0, firm: true, ...(fairMost && { fairMost }) });
  noted(history, "curtail", yield* within("usual", leastFirst(), fairMosts(board, weightsOf(beforeWh))));
  // A relay that cannot run in part, or an appliance in mid-run, may have kept more than its share.
  for (let time = 0; time < retries && overloadWh(board, "hard") > 0 && !room.isOver(); time += 1)
    noted(history, "curtail", yield* within("thorough", leastFirst(), () => -Infinity));
  for (let time = 0; time < recoveries && !room.isOver(); time += 1)
    noted(history, "recover", yield* within("thorough", leastFirst().toReversed()));
}
