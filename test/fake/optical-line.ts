import { fakeClock, type FakeClock } from "../../core/clock/fake-clock.ts";
import type { ByteBus, ByteListener, SerialSettings } from "../../drivers/bus/byte-bus.ts";
import { iecMeter, type IecLine, type IecMeter } from "../../simulator/meter/iec-meter.ts";

/** A line with a head on it, and what happened on it. */
export interface OpticalLine {
  bus: ByteBus;
  clock: FakeClock;
  /** Speeds that the line was set to. */
  speeds: number[];
  /** All that was written, as text. */
  written(): string;
  lose(reason: string): void;
  open(): void;
  /** Bytes at this speed reach the line, or garbage where it is set to another. */
  say(bytes: Uint8Array, baud: number): void;
  /** What the work gives, with time moved on until it is over. */
  timed<T>(work: Promise<T>): Promise<T>;
}

/** A line in fake time. A meter and a line of different speeds understand nothing of each other. */
export function opticalLine(meter: IecMeter | undefined, options: { fixedSpeed?: boolean } = {}): OpticalLine {
  const clock = fakeClock(Date.UTC(2026, 0, 14, 12));
  const forever = new AbortController().signal;
  const speeds: number[] = [];
  const written: Buffer[] = [];
  let now: SerialSettings | undefined;
  let listener: ByteListener | undefined;
  let meterBaud = 300;
  const say = (bytes: Uint8Array, baud: number): void => {
    const fits = baud === now?.baud || options.fixedSpeed === true;
    listener?.data(fits ? bytes : bytes.map((byte) => (byte * 7 + 3) & 0x7f));
  };
  const side: IecLine = {
    send: (bytes) => say(bytes, meterBaud),
    speed: (baud) => (meterBaud = options.fixedSpeed ? 300 : baud),
    after: (ms, job) => clock.after(ms, job, forever),
  };
  const hear = meter && iecMeter(meter, side);
  const set = (settings: SerialSettings): void => {
    now = settings;
    speeds.push(settings.baud);
  };
  return {
    clock,
    speeds,
    written: () => Buffer.concat(written).toString("latin1"),
    say,
    lose: (reason) => listener?.closed(reason),
    open: () => listener?.opened(),
    bus: {
      name: "head",
      ...(options.fixedSpeed && { fixedSpeed: true }),
      open(settings, heard) {
        listener = heard;
        now = settings;
        heard.opened();
      },
      configure: set,
      write(bytes) {
        written.push(Buffer.from(bytes));
        // What comes at another speed is nothing to the meter. A character takes ten bits.
        const baud = now?.baud ?? 300;
        if (options.fixedSpeed || baud === meterBaud || baud === 300)
          clock.after((bytes.length * 10_000) / baud, () => hear?.(bytes), forever);
      },
      close: () => Promise.resolve(),
    },
    async timed(work) {
      let over = false;
      const mark = (): void => void (over = true);
      work.then(mark, mark);
      for (let steps = 0; !over && steps < 10_000; steps++) {
        await clock.advance(10);
        // Lets what waits for a promise go on before time does.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return work;
    },
  };
}
