import { SerialPort } from "serialport";
import type { ByteBus } from "./byte-bus.ts";

/**
 * A serial port or PTY, such as "/dev/ttyUSB0" or better "/dev/serial/by-id/...".
 * An unplugged adapter is opened again as soon as it is back.
 * @param options.reopenMs wall time between two tries
 */
export function serialBus(options: { path: string; reopenMs?: number }): ByteBus {
  const { path, reopenMs = 2_000 } = options;
  let port: SerialPort | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    name: path,
    open(settings, listener) {
      const tryOpen = (): void => {
        const opening = new SerialPort({
          path,
          baudRate: settings.baud,
          dataBits: settings.dataBits,
          parity: settings.parity,
          stopBits: settings.stopBits,
          autoOpen: false,
        });
        port = opening;
        let lost = false;
        const lose = (reason: string): void => {
          if (lost || stopped) return;
          lost = true;
          if (opening.isOpen) opening.close(() => undefined);
          listener.closed(`${path}: ${reason}`);
          retry = setTimeout(tryOpen, reopenMs);
        };
        opening.on("data", (chunk: Buffer) => {
          if (!lost && !stopped) listener.data(chunk);
        });
        opening.on("error", (error) => lose(error.message));
        opening.on("close", (error: Error | null | undefined) => lose(error?.message ?? "closed"));
        opening.open((error) => {
          if (error) lose(error.message);
          else if (stopped) opening.close(() => undefined);
          else listener.opened();
        });
      };
      tryOpen();
    },
    close() {
      stopped = true;
      clearTimeout(retry);
      const { promise, resolve } = Promise.withResolvers<void>();
      if (port?.isOpen) port.close(() => resolve());
      else resolve();
      return promise;
    },
  };
}
