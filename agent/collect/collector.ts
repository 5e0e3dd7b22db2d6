import { iso, type Clock } from "../../core/clock/clock.ts";
import type { MeterRole } from "../../core/message/measurements.ts";
import type { Reading } from "../../core/reading.ts";
import type { Rejections } from "../../core/rejections.ts";
import { FrameError } from "../../drivers/bus/frame-error.ts";
import type { Meter, RejectedFrame } from "../../drivers/meter/meter.ts";
import { slotMayLeave, type Sharing } from "../consents.ts";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { MeterStore, Sample } from "../store/meter-store.ts";
import type { Outbox, OutboxItem } from "../store/outbox.ts";
import { slotItem } from "./slot-item.ts";
import { standingStill } from "./standing-still.ts";
import { book, bookedAt, type Flag, type LedgerRules, type LedgerState, type SlotTotal } from "./slot-ledger.ts";

/** Parts that the collector works with. */
export interface CollectorOptions {
  meters: readonly Meter[];
  /** What each meter measures, by its name. */
  roles: ReadonlyMap<string, MeterRole>;
  store: MeterStore;
  outbox: Outbox;
  /** Runs writes as one transaction. */
  atomically: (writes: () => void) => void;
  clock: Clock;
  log: Log;
  rejections: Rejections;
  rules: LedgerRules;
  /** The meter whose figures the aggregator may see. */
  gridMeter: string;
  /** What the household lets leave the house now. */
  sharing: () => Sharing;
  /** Between two writes of single readings; a change counts from the next write on. */
  commitEveryMs: () => number;
  onReading: (reading: Reading) => void;
  /** Slots have ended and are on disk. */
  onSlots: () => void;
  signal: AbortSignal;
}

/** What all meters say, and what is believed of it. */
export interface Collector {
  /** The newest believed reading of a meter and its age on the monotonic clock. */
  latest(meter: string): { reading: Reading; ageMs: number } | undefined;
  /** Believed readings in this run. */
  readings(): number;
  /** Whether the last write of readings reached the disk. */
  isStoring(): boolean;
  /** Writes what waits in memory and stops the meters. */
  stop(): Promise<void>;
}

/** No meter says anything new sooner; a little below the second of the fastest ones. */
const leastSampleGapMs = 500;

/** Totals of so long leave the house without consent. */
const totalMs = 900_000;

/** Rejected frames of a meter kept between two writes, and readings that may wait for a disk that takes nothing. */
const mostFrames = 25;
const mostWaiting = 10_000;

/** Takes readings from all meters, checks and books them, and keeps them in batches; slots are kept at once. */
export function startCollector(options: CollectorOptions): Collector {
  const { store, outbox, clock, log, rejections, gridMeter } = options;
  const ledgers = new Map<string, LedgerState | null>(options.meters.map(({ name }) => [name, store.ledger(name)]));
  const newest = new Map<string, { reading: Reading; atMonoMs: number }>();
  const lines = new Map<string, "open" | "closed" | "searching">();
  const sampledMs = new Map<string, number>();
  let waiting: Sample[] = [];
  let ended: SlotTotal[] = [];
  let frames: (RejectedFrame & { atMs: number })[] = [];
  let sharedUntilMs = 0;
  let count = 0;

  const flush = (): void => {
    if (waiting.length === 0 && ended.length === 0 && frames.length === 0) return;
    const [samples, slots, sharing] = [waiting, ended, options.sharing()];
    options.atomically(() => {
      store.addSamples(samples);
      const fresh = store.addSlots(slots);
      for (const frame of frames) store.addRejected(frame);
      for (const sample of samples) share(sample, sharing);
      for (const slot of fresh)
        if (slotMayLeave(slot, sharing, gridMeter)) outbox.add(slotItem(slot, options.roles.get(slot.meter) ?? "load"));
      for (const [meter, state] of ledgers) if (state) store.saveLedger(meter, state);
    });
    // Only now: a failed write keeps samples and slots for the next try.
    waiting = [];
    ended = [];
    frames = [];
    if (slots.length > 0) options.onSlots();
  };
  let storing = true;
  const tryFlush = (): void => {
    try {
      flush();
      if (!storing) log.info({}, "readings are stored again");
      storing = true;
    } catch (error) {
      // Tried again with every batch; said is only the change.
      if (storing)
        log.error({ code: errorCode(error), error: errorMessage(error) }, "readings could not be stored, kept in memory");
      storing = false;
    }
  };
  const share = ({ atMs, reading }: Sample, sharing: Sharing): void => {
    if (sharing.intervalMs >= totalMs || reading.meter !== gridMeter || atMs < sharedUntilMs) return;
    sharedUntilMs = (Math.floor(atMs / sharing.intervalMs) + 1) * sharing.intervalMs;
    outbox.add(sampleItem(atMs, reading));
  };
  /** What control goes by. */
  const hear = (reading: Reading): void => {
    newest.set(reading.meter, { reading, atMonoMs: clock.monotonicMs() });
    options.onReading(reading);
  };
  const isStill = standingStill();
  const take = (reading: Reading): void => {
    if (isStill(reading, clock.monotonicMs()))
      return rejections.note("reading-repeated", reading.meter, "the meter's clock and figures stand still, not taken for fresh");
    const before = ledgers.get(reading.meter) ?? null;
    const booked = book(before, reading, options.rules);
    ledgers.set(reading.meter, booked.state);
    if (booked.flag) rejections.note(booked.flag, reading.meter, "reading not booked");
    if (booked.flag && booked.slots.length === 0) {
      if (before && onlyOutOfTime(before, reading, booked.flag)) hear(reading);
      return;
    }
    count++;
    const atMs = bookedAt(reading);
    // The ledger takes every reading; a line that repeats itself at full speed must not fill the disk with samples.
    const lastMs = sampledMs.get(reading.meter);
    if (lastMs === undefined || Math.abs(atMs - lastMs) >= leastSampleGapMs) {
      sampledMs.set(reading.meter, atMs);
      waiting.push({ atMs, reading });
    }
    // While the disk takes nothing, counters go on in the ledger; only the oldest single readings are given up.
    if (waiting.length > mostWaiting) {
      waiting = waiting.slice(-mostWaiting / 2);
      rejections.note("samples-dropped", reading.meter, "the disk takes nothing; oldest readings given up, energy is kept");
    }
    ended.push(...booked.slots);
    hear(reading);
    if (booked.slots.length > 0) tryFlush();
  };
  const safely = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      log.error({ code: errorCode(error), error: errorMessage(error) }, "reading could not be taken");
    }
  };
  const rejected = (frame: RejectedFrame): void => {
    rejections.note(frame.code, frame.meter, frame.message);
    // With the next batch: a noisy line must not cost a write for each broken frame.
    if (frames.filter(({ meter }) => meter === frame.meter).length < mostFrames)
      frames.push({ ...frame, bytes: frame.bytes.slice(), atMs: clock.now() });
  };
  for (const meter of options.meters) {
    if (meter.kind === "push")
      meter.start({
        reading: (reading) => safely(() => take(reading)),
        rejected,
        line(state, reason) {
          // A missing device is tried again every few seconds; said is only the change.
          if (lines.get(meter.name) === state) return;
          lines.set(meter.name, state);
          if (state === "open") log.info({ meter: meter.name, line: reason }, "meter line open");
          else if (state === "searching") log.warn({ meter: meter.name, reason }, "meter line searched for speed and parity");
          else log.warn({ meter: meter.name, reason }, "meter line closed, trying again");
        },
      });
    else {
      const poll = async (): Promise<void> => {
        const reading = await meter.read().catch((error: unknown) => {
          const failed = { meter: meter.name, code: errorCode(error), message: errorMessage(error) };
          if (error instanceof FrameError && error.bytes.length > 0) rejected({ ...failed, bytes: error.bytes });
          else rejections.note(failed.code, failed.meter, failed.message);
        });
        if (reading) safely(() => take(reading));
      };
      // At once, and then on round times: so that a reading falls on the end of each slot and nothing is worked out there.
      clock.after(0, poll, options.signal);
      const firstMs = meter.pollMs - (clock.now() % meter.pollMs);
      const periodic = (): Promise<void> => {
        clock.every(meter.pollMs, poll, options.signal);
        return poll();
      };
      clock.after(firstMs, periodic, options.signal);
    }
  }
  const flushLater = (): void =>
    clock.after(
      options.commitEveryMs(),
      () => {
        flushLater();
        tryFlush();
      },
      options.signal,
    );
  flushLater();
  return {
    latest(meter) {
      const found = newest.get(meter);
      return found && { reading: found.reading, ageMs: clock.monotonicMs() - found.atMonoMs };
    },
    readings: () => count,
    isStoring: () => storing,
    async stop() {
      for (const meter of options.meters) if (meter.kind === "push") await meter.stop();
      tryFlush();
    },
  };
}

/** Our own clock went back: until it has caught up nothing can be booked, but what flows is true all the same. */
function onlyOutOfTime({ atMs }: LedgerState, reading: Reading, flag: Flag): boolean {
  const byClock = flag === "clock-step" || flag === "reading-repeated";
  return byClock && bookedAt(reading) === reading.receivedMs && reading.receivedMs < atMs;
}

const sampleItem = (atMs: number, reading: Reading): OutboxItem => ({
  kind: "sample",
  meter: reading.meter,
  at: iso(atMs),
  powerW: reading.powerW,
  importWh: reading.importWh,
  exportWh: reading.exportWh,
  quality: reading.quality,
  clockSynced: reading.clockSynced,
});
