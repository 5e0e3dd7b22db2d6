import type { Reading } from "../../core/reading.ts";

/** A frame that was not believed, kept (bounded) for diagnosis. */
export interface RejectedFrame {
  meter: string;
  /** Stable code, such as p1-bad-crc. */
  code: string;
  message: string;
  bytes: Uint8Array;
}

/** Hears what a meter says by itself. */
export interface MeterListener {
  reading(reading: Reading): void;
  rejected(frame: RejectedFrame): void;
  /** The line opened or closed, or another speed is tried on it; for logs and `status` only. */
  line(state: "open" | "closed" | "searching", reason: string): void;
}

/** A meter that speaks by itself, such as a P1 port. */
export interface PushMeter {
  readonly kind: "push";
  readonly name: string;
  start(listener: MeterListener): void;
  stop(): Promise<void>;
}

/** A meter that is asked. */
export interface PollMeter {
  readonly kind: "poll";
  readonly name: string;
  readonly pollMs: number;
  /** @throws AppError of the bus, or meter-impossible-reading; FrameError where there are bytes to keep */
  read(): Promise<Reading>;
}

/** What every driver of a meter gives. */
export type Meter = PushMeter | PollMeter;

/** Where a driver takes time from; only to stamp what it received. */
export type Stamp = () => { receivedMs: number; clockSynced: boolean };
