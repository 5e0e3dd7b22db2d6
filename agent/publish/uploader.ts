import { errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Measurements, Receipt } from "../../core/message/measurements.ts";
import type { Outbox } from "../store/outbox.ts";
import type { MqttLink } from "./mqtt-link.ts";

/** What carries the outbox to the aggregator. */
export interface Uploader {
  /** Sends what waits, as far as the window is open. */
  pump(): void;
  /** A receipt that was verified: its rows are delivered. */
  receipt(receipt: Receipt): void;
  /** The connection is new: what was sent and not receipted is sent again. */
  restart(): void;
}

/** Rows of one message, and rows that may be on their way without a receipt. */
const batchRows = 60;
const windowRows = 1200;
/** How often it looks for rows that nobody announced. */
const pumpEveryMs = 10_000;
/** A receipt that is missing for so long was lost. */
const resendMs = 60_000;

/** Sends outbox rows in windowed batches, oldest first; only the aggregator's signed receipt lets them go. */
export function startUploader(options: {
  outbox: Outbox;
  link: () => MqttLink;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): Uploader {
  const { outbox, clock, log } = options;
  let cursor: { boot: string; seq: number } | undefined;
  let inFlight = 0;
  /** Rows of this run that were there when nothing was left to send; spares a look into the database. */
  let allSentUpTo = -1;
  let lastProgressMs = clock.monotonicMs();
  let sending = false;

  const rewind = (): void => {
    cursor = undefined;
    allSentUpTo = -1;
    inFlight = 0;
    lastProgressMs = clock.monotonicMs();
  };
  const send = async (): Promise<void> => {
    while (!options.signal.aborted && options.link().connected() && inFlight < windowRows) {
      const batch = outbox.next(cursor, batchRows);
      const last = batch?.items.at(-1);
      if (!batch || !last) {
        allSentUpTo = outbox.added();
        return;
      }
      cursor = { boot: batch.boot, seq: last.seq };
      if (inFlight === 0) lastProgressMs = clock.monotonicMs();
      inFlight += batch.items.length;
      await options.link().publish("meter", { v: 1, ...batch } satisfies Measurements);
    }
  };
  const pump = (): void => {
    if (sending || allSentUpTo === outbox.added()) return;
    sending = true;
    void send()
      .catch((error: unknown) => {
        log.debug({ error: errorMessage(error) }, "sending stopped");
        rewind();
      })
      .finally(() => (sending = false));
  };
  clock.every(
    pumpEveryMs,
    () => {
      if (inFlight > 0 && clock.monotonicMs() - lastProgressMs > resendMs) rewind();
      pump();
    },
    options.signal,
  );
  return {
    pump,
    receipt({ boot, seq }) {
      const rows = outbox.delivered(boot, seq);
      inFlight = Math.max(0, inFlight - rows);
      // A receipt that lets nothing go is no progress: a batch before it was lost.
      if (rows > 0) lastProgressMs = clock.monotonicMs();
      pump();
    },
    restart() {
      rewind();
      pump();
    },
  };
}
