import { errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ExchangeSettling } from "./exchange-settling.ts";
import type { Trader } from "./trader.ts";

/** The agent's side of an exchange. */
export interface ExchangeRoom {
  state(): {
    placed: number;
    refused: number;
    signed: number;
    disputed: number;
    hasLeft: boolean;
    /** End of the oldest delivered trade that waits too long for its record; null for none. */
    unsettledSince: string | null;
    failure: string | null;
  };
  stop(): Promise<void>;
}

/** What it works with, once it is there. */
export interface ExchangeParts {
  trader: Trader;
  settling: ExchangeSettling;
  /** What the house looks after on the chain by itself: proofs, and money that the exchange takes out. */
  lookAfter(hasLeft: boolean): Promise<void>;
  close(): void;
}

/** Between two rounds, where the exchange has not said more: often enough that each auction finds the newest orders. */
const everyMs = 150_000;
/** Rounds in the time between two auctions. */
const roundsAnAuction = 2;

/** Settles and orders round by round, one at a time; what fails is tried again in the next round. */
export function startExchangeRoom(options: {
  open: () => Promise<ExchangeParts>;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): ExchangeRoom {
  const { clock, log } = options;
  let parts: ExchangeParts | null = null;
  let failure: string | null = null;
  let running: Promise<void> | null = null;
  const unsettledSince = (): string | null => {
    const sinceMs = parts?.settling.unsettledSince();
    return sinceMs === undefined ? null : iso(sinceMs);
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      if (failure !== null) log.info({}, "the exchange answers again");
      failure = null;
    } catch (error) {
      const code = errorCode(error);
      if (code !== failure) log.warn({ code, error: errorMessage(error) }, "exchange: tried again later");
      failure = code;
    }
  };
  const round = (): Promise<void> =>
    attempt(async () => {
      parts ??= await options.open();
      const { settling, trader, lookAfter } = parts;
      await settling.run();
      await lookAfter(settling.hasLeft());
      // By a clock that nobody has set, slots and times of orders mean nothing.
      if (clock.synced()) await trader.run(!settling.hasLeft() && settling.unsettledSince() === undefined);
    });
  let nextMs = 0;
  const isDue = (): boolean => {
    if (clock.monotonicMs() < nextMs) return false;
    nextMs = clock.monotonicMs() + (parts?.trader.auctionsEveryMs() ?? 0) / roundsAnAuction;
    return true;
  };
  const run = (): Promise<void> => (running ??= round().finally(() => (running = null)));
  clock.every(everyMs, () => (isDue() ? run() : undefined), options.signal);
  return {
    state: () => ({
      placed: 0,
      refused: 0,
      signed: 0,
      disputed: 0,
      ...parts?.trader.counts(),
      ...parts?.settling.counts(),
      hasLeft: parts?.settling.hasLeft() ?? false,
      unsettledSince: unsettledSince(),
      failure,
    }),
    async stop() {
      await running;
      parts?.close();
    },
  };
}
