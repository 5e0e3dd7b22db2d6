import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { startOfLocalDay } from "../../core/slots.ts";
import type { OwnPriceStore } from "../store/own-price-store.ts";
import { quarterMs, type PriceProvider } from "./market-prices.ts";
import { expectedUntil, nextFetchMs } from "./next-fetch.ts";
import { withPattern, type KnownStep } from "./pattern.ts";
import { priceSeriesOf, tariffOn, type Tariff } from "./tariff.ts";
import { localMoments } from "./time-of-use.ts";

/** What is known of a span of time. */
export interface KnownPrices {
  /** What the household pays and gets; one series for each stretch without a gap. */
  series: PriceSeries[];
  /** Which of it was published, and which is the pattern of days before. */
  spans: { fromMs: number; toMs: number; kind: KnownStep["kind"] }[];
}

/** How the keeper stands. */
export interface PriceState {
  provider: string;
  /** published: all that is due is there. pattern: some is missing and days before stand in. none: some is not known at all. */
  state: "published" | "pattern" | "none";
  publishedUntilMs: number | null;
  /** The last fetch that went well. */
  fetchedMs: number | null;
  /** Why the last one did not; null where it did. */
  failure: { code: string; message: string } | null;
  /** Prices of the last answer that were left out. */
  gaps: number;
}

/** Fetches prices when they are due and keeps them. */
export interface PriceKeeper {
  /** @throws what the store throws where it cannot be read */
  known(fromMs: number, toMs: number): KnownPrices;
  /** Never throws. */
  state(): PriceState;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** A weekday and a weekend lie in it. */
const historyMs = 7 * dayMs;
const patternMs = 14 * dayMs;
const fetchWithinMs = 120_000;
/** Markets are late now and then. */
const graceMs = 3 * 60 * minuteMs;

/**
 * Begins to fetch. Nothing it meets ends the program: a failure is logged, said in the state and tried again.
 * @param options.currency of the household; answers in another are refused
 * @param options.zone IANA zone of the house
 * @param options.atomically runs writes as one transaction
 */
export function startPriceKeeper(options: {
  provider: PriceProvider;
  store: OwnPriceStore;
  tariffs: readonly Tariff[];
  currency: string;
  zone: string;
  atomically: (writes: () => void) => void;
  clock: Clock;
  log: Log;
  random: () => number;
  signal: AbortSignal;
}): PriceKeeper {
  const { provider, store, tariffs, currency, zone, clock, log, random, signal } = options;
  const { name, publishes } = provider;
  let fetchedMs: number | null = null;
  let failure: PriceState["failure"] = null;
  let gaps = 0;
  let inVain = 0;
  let said: PriceState["state"] = "published";

  const fetchOnce = async (): Promise<void> => {
    const nowMs = clock.now();
    const todayMs = startOfLocalDay(nowMs, zone);
    const hasHistory = store.read(todayMs - historyMs, todayMs).length > 0;
    const fromMs = hasHistory ? todayMs : todayMs - historyMs;
    const within = AbortSignal.any([signal, AbortSignal.timeout(fetchWithinMs)]);
    const answer = await clock.hold(provider.fetch(fromMs, todayMs + 3 * dayMs, within));
    if (answer.currency !== currency)
      throw new AppError(
        "prices-wrong-currency",
        `${name} gives prices in ${answer.currency}, the house counts in ${currency}; choose another provider or site.currency`,
      );
    const source = `${name} ${answer.zone}`;
    let changed = 0;
    options.atomically(() => {
      changed = store.save(
        answer.steps.map((step) => ({ ...step, currency, source })),
        clock.now(),
      );
    });
    if (answer.gaps > 0 && answer.gaps !== gaps)
      log.warn({ provider: name, gaps: answer.gaps }, "prices left out: no number, absurd, or of no quarter of an hour");
    gaps = answer.gaps;
    fetchedMs = clock.now();
    if (changed > 0) log.info({ provider: name, prices: answer.steps.length, changed }, "prices fetched");
  };

  const steps = (fromMs: number, toMs: number): KnownStep[] => {
    const newestMs = Math.min(fromMs, store.until(currency) ?? fromMs);
    const stored = store.read(newestMs - patternMs, toMs).filter((one) => one.currency === currency);
    return withPattern(stored, { fromMs, toMs }, zone);
  };

  /** Those of them that a tariff makes a price of. */
  const priced = (fromMs: number, toMs: number): KnownStep[] => {
    const momentOf = localMoments(zone);
    return steps(fromMs, toMs).filter(({ startMs }) => tariffOn(tariffs, momentOf(startMs).date));
  };

  const standing = (): PriceState["state"] => {
    const nowMs = clock.now();
    const untilMs = Math.max(expectedUntil(publishes, nowMs - graceMs), nowMs + quarterMs);
    const due = priced(nowMs, untilMs);
    const coveredMs = due.reduce((sum, { startMs, endMs }) => sum + Math.min(endMs, untilMs) - Math.max(startMs, nowMs), 0);
    if (coveredMs < untilMs - nowMs) return "none";
    return due.some(({ kind }) => kind === "pattern") ? "pattern" : "published";
  };

  const saySo = (): void => {
    const state = standing();
    if (state === said) return;
    said = state;
    const untilMs = store.until(currency);
    const fields = { provider: name, publishedUntil: untilMs === null ? null : iso(untilMs), code: failure?.code };
    if (state === "published") log.info(fields, "prices are complete again");
    else if (state === "pattern") log.warn(fields, "prices are missing: those of days before stand in");
    else log.warn(fields, "prices are missing, and none of days before are known, or no tariff holds yet");
  };

  const round = async (): Promise<void> => {
    if (signal.aborted) return;
    // What day it is must be known first.
    if (!clock.synced()) return clock.after(minuteMs, round, signal);
    let waitMs = 60 * minuteMs;
    try {
      await fetchOnce();
      failure = null;
    } catch (error) {
      if (signal.aborted) return;
      const code = errorCode(error);
      if (failure?.code !== code) log.warn({ provider: name, code, error: errorMessage(error) }, "prices could not be fetched");
      failure = { code, message: errorMessage(error) };
    }
    try {
      const knownUntilMs = store.until(currency);
      const isMissing = (knownUntilMs ?? 0) < expectedUntil(publishes, clock.now());
      inVain = failure || isMissing ? inVain + 1 : 0;
      waitMs = nextFetchMs(publishes, { inVain, failed: failure !== null, knownUntilMs }, clock.now(), random());
      saySo();
    } catch (error) {
      log.error({ provider: name, code: errorCode(error), error: errorMessage(error) }, "stored prices cannot be read");
    }
    clock.after(waitMs, round, signal);
  };
  clock.after(0, round, signal);

  return {
    known(fromMs, toMs) {
      const known = priced(fromMs, toMs);
      return { series: priceSeriesOf(known, tariffs, { zone, currency }), spans: spansOf(known, fromMs, toMs) };
    },
    state() {
      try {
        return { provider: name, state: standing(), publishedUntilMs: store.until(currency), fetchedMs, failure, gaps };
      } catch (error) {
        const unread = { code: errorCode(error), message: errorMessage(error) };
        return { provider: name, state: "none", publishedUntilMs: null, fetchedMs, failure: unread, gaps };
      }
    },
  };
}

function spansOf(steps: readonly KnownStep[], fromMs: number, toMs: number): KnownPrices["spans"] {
  const spans: KnownPrices["spans"] = [];
  for (const { startMs, endMs, kind } of steps) {
    const span = { fromMs: Math.max(startMs, fromMs), toMs: Math.min(endMs, toMs), kind };
    const last = spans.at(-1);
    if (last?.kind === kind && last.toMs === span.fromMs) last.toMs = span.toMs;
    else if (span.fromMs < span.toMs) spans.push(span);
  }
  return spans;
}
