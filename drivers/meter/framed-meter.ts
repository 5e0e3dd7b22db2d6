import { AppError, errorMessage } from "../../core/app-error.ts";
import type { Reading } from "../../core/reading.ts";
import { settingsText, type ByteBus, type SerialSettings } from "../bus/byte-bus.ts";
import type { Frame, FrameListener, Framer } from "./framer.ts";
import { afterBytes, afterReading, lineSearch } from "./line-search.ts";
import type { PushMeter, Stamp } from "./meter.ts";

/** Of bytes that make no telegram so many are kept. */
const mostStrayBytes = 512;

/**
 * A meter that pushes frames over a line of bytes: the part that P1 and HAN meters share.
 * Whatever the bytes are, nothing is thrown out of here: a frame becomes a reading or a rejected frame.
 * Where bytes come and no reading, it goes through the serial settings that such meters are known to use.
 * @param options.settings candidates by likelihood, at least one; on a socket, whose speed is the other end's affair, none is tried
 * @param options.read frame to reading; what it throws rejects the frame with the error's code
 */
export function framedMeter(options: {
  name: string;
  bus: ByteBus;
  stamp: Stamp;
  settings: readonly [SerialSettings, ...SerialSettings[]];
  framer: (listener: FrameListener) => Framer;
  read: (frame: Frame) => Reading;
  /** Called when the line opens, before any frame. */
  opened?: () => void;
}): PushMeter {
  const { name, bus, settings, stamp } = options;
  return {
    kind: "push",
    name,
    start(listener) {
      const now = (): number => stamp().receivedMs;
      let search = lineSearch(now());
      let stray = Buffer.alloc(0);
      const framer = options.framer({
        frame(frame) {
          let reading: Reading;
          try {
            reading = options.read(frame);
          } catch (error) {
            const code = error instanceof AppError ? error.code : "meter-unreadable-frame";
            listener.rejected({ meter: name, code, message: errorMessage(error), bytes: frame.bytes });
            return;
          }
          search = afterReading(search, now());
          stray = Buffer.alloc(0);
          listener.reading(reading);
        },
        rejected: ({ code, message, bytes }) => listener.rejected({ meter: name, code, message, bytes }),
      });
      bus.open(settings[0], {
        data(chunk) {
          const before = search.at;
          search = afterBytes(search, chunk.length, now(), settings.length);
          stray = Buffer.concat([stray, chunk]).subarray(-mostStrayBytes);
          framer.push(chunk);
          if (search.at === before) return;
          const next = settings[search.at] ?? settings[0];
          const where = bus.fixedSpeed ? "; set them at the box that the line ends at" : "";
          // What a person needs to see which speed or signal it is.
          listener.rejected({
            meter: name,
            code: "meter-unknown-bytes",
            message: `bytes came that make no telegram, as of a wrong speed, parity or an inverted signal${where}`,
            bytes: stray,
          });
          stray = Buffer.alloc(0);
          if (bus.fixedSpeed) return;
          listener.line("searching", `${bus.name}: nothing readable, trying ${settingsText(next)}`);
          framer.reset();
          bus.configure(next);
        },
        opened() {
          framer.reset();
          options.opened?.();
          listener.line("open", bus.name);
        },
        closed: (reason) => listener.line("closed", reason),
      });
    },
    stop: () => bus.close(),
  };
}
