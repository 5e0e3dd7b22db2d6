import { parentPort, workerData } from "node:worker_threads";
import { pricedHomeBound } from "../../planner/community/community-bound.ts";
import { homeParty, homeRoom, priceScale, type HomePlan } from "../../planner/community/home-party.ts";
import type { Answer, Ask, Party } from "../../planner/community/party.ts";
import { loadSolver, type Solver } from "../../planner/exact/solve-milp.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { Home } from "../../planner/home.ts";
import { heldBytes } from "./held-bytes.ts";
import { neighbour, neighbourhoodData } from "./neighbourhood.ts";
import { uncontrolledNetWh } from "./uncontrolled.ts";

/** What the bench asks of a thread: answers of some of its homes, or a figure of each. */
export type Work =
  | { kind: "answer"; parties: number[]; asks: Ask<HomePlan>[] }
  | { kind: "bound"; parties: number[]; price: Float64Array }
  | { kind: "uncontrolled"; parties: number[] }
  | { kind: "scale"; parties: number[] }
  | { kind: "held"; parties: number[] };
export interface Done {
  answers?: Answer<HomePlan>[];
  figures?: number[];
  nets?: Float64Array[];
  /** What the thread holds for its homes. */
  bytes?: number;
}

/** Which homes of the neighbourhood this thread holds. */
const { first, every, homes: count } = workerData as { first: number; every: number; homes: number };
const data = neighbourhoodData();
const emptyBytes = heldBytes();
const room = homeRoom();
const homes = new Map<number, Home>();
const parties = new Map<number, Party<HomePlan>>();
for (let index = first; index < count; index += every) {
  const home = homeOf(neighbour(data, index));
  homes.set(index, home);
  parties.set(index, homeParty(home, index, room));
}
let solver: Solver | undefined;

const homeAt = (index: number): Home => {
  const home = homes.get(index);
  if (!home) throw new RangeError(`this thread has no home ${index}`);
  return home;
};

async function done(work: Work): Promise<Done> {
  switch (work.kind) {
    case "answer":
      return {
        answers: work.asks.flatMap((ask, index) => parties.get(work.parties[index] ?? -1)?.answer(ask) ?? []),
      };
    case "bound": {
      const loaded = (solver ??= await loadSolver());
      return { figures: work.parties.map((index) => pricedHomeBound(loaded, homeAt(index), work.price)) };
    }
    case "uncontrolled":
      return { nets: work.parties.map((index) => uncontrolledNetWh(homeAt(index))) };
    case "held":
      return { bytes: heldBytes() - emptyBytes };
    case "scale":
      return { figures: work.parties.map((index) => priceScale([homeAt(index)])) };
  }
}

parentPort?.on("message", (work: Work) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  void done(work).then((result) => parentPort?.postMessage(result));
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage({});
