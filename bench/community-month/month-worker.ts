import { parentPort, workerData } from "node:worker_threads";
import type { Run } from "../real-prices/simulate.ts";
import { layerOne, layerTwo, type StreetRun } from "./layers.ts";
import { monthData } from "./month-data.ts";
import { street } from "./street.ts";

/** One way of running the street, in a thread of its own. */
export interface MonthWork {
  way: "alone" | "together";
  street: { homes: number; days: number; minutes: number; startMs: number; seed: number };
  everyHours: number;
  limitW: number;
  reserveQuantile: number;
  from: number;
  until: number;
  /** Money per Wh more, by slot. */
  charges: readonly number[];
}

/** What is metered of a home on one day. */
export type DayRun = Pick<Run, "netWh" | "flows">;
export type MonthWord =
  | { kind: "progress"; words: string }
  | { kind: "day"; day: number; runs: DayRun[] }
  | { kind: "done"; run: StreetRun };

const work = workerData as MonthWork;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const say = (word: MonthWord): void => parentPort?.postMessage(word);
const progress = (words: string): void => say({ kind: "progress", words });
const homes = street(monthData(work.street.startMs, work.street.days).data, work.street);
const perDay = (24 * 60) / work.street.minutes;
const run =
  work.way === "alone"
    ? layerOne(homes, work.everyHours, progress)
    : layerTwo(homes, {
        ...work,
        chargeAt: (slot) => work.charges[slot] ?? 0,
        onDay(day, runs) {
          const span: [number, number] = [day * perDay, (day + 1) * perDay];
          say({
            kind: "day",
            day,
            runs: runs.map(({ netWh, flows }) => ({ netWh: netWh.slice(...span), flows: flows.slice(...span) })),
          });
        },
        progress,
      });
say({ kind: "done", run });
