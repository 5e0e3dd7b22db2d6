import { AppError, errorMessage } from "../../core/app-error.ts";
import type { Reading } from "../../core/reading.ts";
import type { ByteBus, SerialSettings } from "../bus/byte-bus.ts";
import type { Frame, FrameListener, Framer } from "./framer.ts";
import type { PushMeter } from "./meter.ts";

/**
 * A meter that pushes frames over a line of bytes: the part that P1, HAN and optical meters share.
 * Whatever the bytes are, nothing is thrown out of here: a frame becomes a reading or a rejected frame.
 * @param options.read frame to reading; what it throws rejects the frame with the error's code
 */
export function framedMeter(options: {
  name: string;
  bus: ByteBus;
  settings: SerialSettings;
  framer: (listener: FrameListener) => Framer;
  read: (frame: Frame) => Reading;
  /** Called when the line opens, before any frame. */
  opened?: () => void;
}): PushMeter {
  const { name, bus } = options;
  return {
    kind: "push",
    name,
    start(listener) {
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
          listener.reading(reading);
        },
        rejected: (frame) => listener.rejected({ meter: name, ...frame }),
      });
      bus.open(options.settings, {
        data: (chunk) => framer.push(chunk),
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
