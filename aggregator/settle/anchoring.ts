import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { EpochMaker } from "../../settlement/log/epoch-maker.ts";
import type { PairSettler } from "./settle-pairs.ts";
import { timetable } from "./timetable.ts";

/** What is done when its time has come. Each may fail by itself and is then done later. */
export interface AnchoringParts {
  store: AggregatorStore;
  /** Prices that are announced. */
  series: () => readonly PriceSeries[];
  /** Sees through what an earlier run had on its way to the chain. */
  resume?: () => Promise<void>;
  epochs: EpochMaker;
  settler: PairSettler;
  sites: () => Iterable<string>;
  epochMs: number;
  /** Between two settlements of all pairs, ms; 0 after each epoch, null where each record is settled by itself. */
  settleMs: number | null;
  /** Once in an epoch: what else the chain has to be asked about. */
  onEpoch: readonly (() => Promise<void>)[];
  /** What follows from epochs that are final. */
  onFinal: readonly (() => Promise<void>)[];
  clock: Clock;
  log: Log;
}

/** Brings what was signed to the chain, in time. */
export interface Anchoring {
  /**
   * Does what is due: an epoch when its time has come, and before it where a price series would begin unbound; settlement;
   * and all that an earlier call could not finish. Never rejects; one at a time.
   */
  tick(): Promise<void>;
}

/** Between the time at which an epoch is due and the block that has it lies a round, and what the chain takes. */
const bindingMs = 15 * 60_000;

/** Nothing of it is lost by a crash: what is due is in the database, and the chain says what it has. */
export function anchoring(parts: AnchoringParts): Anchoring {
  const { store, epochs, settler, clock, log } = parts;
  const epochTimes = timetable(store, "epoch", parts.epochMs);
  const settleTimes = timetable(store, "settle", parts.settleMs || parts.epochMs);
  const kept = new Set<PriceSeries>();
  let settleNow = false;
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      log.warn({ what, code: errorCode(error), error: errorMessage(error) }, "failed, tried again later");
      return false;
    }
  };
  const keepSeries = async (): Promise<void> => {
    for (const series of parts.series()) {
      if (kept.has(series)) continue;
      const startMs = Date.parse(series.start);
      const endMs = startMs + series.importPerKwh.length * series.stepS * 1000;
      await store.keepSeries(series, { hash: pricesHash(series), startMs, endMs });
      kept.add(series);
    }
  };
  const gather = async (nowMs: number): Promise<{ regular: boolean }> => {
    await keepSeries();
    const nextMs = await epochTimes.next(nowMs);
    const early = (await store.unboundSeries()).some(({ startMs, endMs }) => startMs < nextMs + bindingMs && endMs > nowMs);
    const regular = nextMs <= nowMs;
    if (early || regular) await epochs.gather(nowMs);
    if (regular) await epochTimes.done(nowMs);
    return { regular };
  };
  const settle = async (nowMs: number, regular: boolean): Promise<void> => {
    if (parts.settleMs === null) return;
    settleNow ||= parts.settleMs === 0 ? regular : (await settleTimes.next(nowMs)) <= nowMs;
    if (settleNow) {
      await settler.settle(parts.sites());
      settleNow = false;
      if (parts.settleMs > 0) await settleTimes.done(nowMs);
    } else if (regular) await settler.settle(await store.unsettledSites());
  };
  const tick = async (): Promise<void> => {
    const nowMs = clock.now();
    let regular = false;
    await attempt("making an epoch", async () => void ({ regular } = await gather(nowMs)));
    const { resume } = parts;
    const resumed = !resume || (await attempt("looking for what was on its way", resume));
    if (resumed) await attempt("committing epochs", () => epochs.commit());
    if (resumed) await attempt("settling", () => settle(nowMs, regular));
    for (const work of [...(regular ? parts.onEpoch : []), ...parts.onFinal]) await attempt("after an epoch", work);
  };
  let running: Promise<void> | null = null;
  return {
    tick: () => (running ??= tick().finally(() => (running = null))),
  };
}
