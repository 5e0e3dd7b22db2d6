import { errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { MeasurementItem, Measurements, Receipt } from "../../core/message/measurements.ts";
import type { Sharing } from "../consents.ts";
import type { Outbox } from "../store/outbox.ts";
import type { MqttLink } from "./mqtt-link.ts";
import { batchSize } from "./batch-size.ts";
import { mayLeave, permittedRows } from "./permitted-rows.ts";

/** What carries the outbox to the aggregator. */
export interface Uploader {
  /** Sends what waits, as far as the window is open. */
  pump(): void;
  /** A receipt that was verified: its rows are delivered. */
  receipt(receipt: Receipt): void;
  /** The connection is new: what was sent and not receipted is sent again. */
  restart(): void;
}

/** Rows of one message; rows, and messages, that may be on their way without a receipt. */
const batchRows = 60;
const mostRowsUnderWay = 1200;
const mostMessagesUnderWay = 200;
/** Of a message of rows, besides them. */
const envelopeBytes = 140;
/** How often it looks for rows that nobody announced. */
const pumpEveryMs = 10_000;
/** The newest slots that go before a backlog: a quarter of an hour of a house with a dozen meters. */
const freshRows = 24;
/** Rows older than this are called historical. */
const historicalMs = 30 * 60_000;
/** A receipt that is missing for so long was lost. */
const resendMs = 60_000;

/**
 * Sends outbox rows in windowed batches, oldest first; only the aggregator's signed receipt lets them go. Where a backlog
 * waits, new slots go ahead of it, beside the window, and come once more in their turn.
 */
export function startUploader(options: {
  outbox: Outbox;
  link: () => MqttLink;
  /** What the household allows; asked for each message, as a row may wait longer than its consent lasts. */
  sharing: () => Sharing;
  gridMeter: string;
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
  /** How often it began anew, and whether rows were receipted since. */
  let attempts = 0;
  let progressed = false;
  const size = batchSize({ most: batchRows, monotonicMs: () => clock.monotonicMs() });
  const windowRows = (): number => Math.min(mostRowsUnderWay, mostMessagesUnderWay * size.rows());
  /** Up to this row slots went ahead. */
  let aheadUpTo = 0;

  const message = (boot: string, items: MeasurementItem[]): Measurements => {
    const newestMs = Math.max(
      ...items.map((item) => Date.parse(item.kind === "slot" ? item.end : item.kind === "gap" ? item.to : item.at)),
    );
    const receipted = outbox.receipted(boot);
    return {
      v: 1,
      boot,
      ...(receipted > 0 && { receipted }),
      ...(clock.now() - newestMs > historicalMs && { historical: true }),
      items,
    };
  };
  /** As many of the first rows as the broker takes in one message; one at the least. */
  const fitting = (items: MeasurementItem[]): MeasurementItem[] => {
    const mostBytes = options.link().mostPayloadBytes("meter") - envelopeBytes;
    let fits = items;
    while (fits.length > 1 && Buffer.byteLength(JSON.stringify(fits)) > mostBytes) fits = fits.slice(0, fits.length / 2);
    return fits;
  };
  const behind = (): boolean =>
    inFlight >= windowRows() || outbox.added() - (cursor?.boot === outbox.boot ? cursor.seq : 0) > batchRows;
  const sendAhead = async (): Promise<void> => {
    if (!options.link().connected() || !behind()) return;
    const items = outbox
      .newestSlots(aheadUpTo, Math.min(freshRows, size.rows()))
      .filter((row) => mayLeave(row, options.sharing(), options.gridMeter));
    aheadUpTo = outbox.added();
    if (items.length === 0) return;
    await options.link().publish("meter", message(outbox.boot, fitting(items)));
  };
  const rewind = (): void => {
    if (inFlight > 0 && !progressed) size.failed();
    progressed = false;
    attempts++;
    cursor = undefined;
    allSentUpTo = -1;
    inFlight = 0;
    lastProgressMs = clock.monotonicMs();
  };
  /** Does not wait for the broker between batches: the window alone bounds what is under way. */
  const send = (): void => {
    while (!options.signal.aborted && options.link().connected() && inFlight < windowRows()) {
      const batch = outbox.next(cursor, size.rows());
      const items = fitting(batch?.items ?? []);
      const last = items.at(-1);
      if (!batch || !last) {
        allSentUpTo = outbox.added();
        return;
      }
      cursor = { boot: batch.boot, seq: last.seq };
      if (inFlight === 0) lastProgressMs = clock.monotonicMs();
      inFlight += items.length;
      const attempt = attempts;
      options
        .link()
        .publish("meter", message(batch.boot, permittedRows(items, options.sharing(), options.gridMeter)))
        .catch((error: unknown) => {
          log.debug({ error: errorMessage(error) }, "sending stopped");
          // What was sent anew since is not taken back by an older failure.
          if (attempt === attempts) rewind();
        });
    }
  };
  const pump = (): void => {
    void sendAhead().catch((error: unknown) => log.debug({ error: errorMessage(error) }, "slots not sent ahead"));
    if (allSentUpTo !== outbox.added()) send();
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
      if (rows > 0) {
        lastProgressMs = clock.monotonicMs();
        progressed = true;
        size.succeeded();
      }
      pump();
    },
    restart() {
      rewind();
      pump();
    },
  };
}
