import { SerialPort } from "serialport";
import type { ByteBus, ByteListener, SerialSettings } from "./byte-bus.ts";

/**
 * A serial port or PTY, such as "/dev/ttyUSB0" or better "/dev/serial/by-id/...".
 * An unplugged adapter is opened again as soon as it is back.
 * @param options.reopenMs wall time between two tries
 */
export function serialBus(options: { path: string; reopenMs?: number }): ByteBus {
  const { path, reopenMs = 2_000 } = options;
  let port: SerialPort | undefined;
  let retry: NodeJS.Timeout | undefined;
  let wanted: SerialSettings | undefined;
  let stopped = false;

  const tryOpen = (listener: ByteListener): void => {
    if (!wanted) return;
    const { baud, dataBits, parity, stopBits } = wanted;
    const opening = new SerialPort({ path, baudRate: baud, dataBits, parity, stopBits, autoOpen: false });
    port = opening;
    let lost = false;
    const lose = (reason: string): void => {
      if (lost || stopped) return;
      lost = true;
      if (opening.isOpen) opening.close(() => undefined);
      listener.closed(`${path}: ${reason}`);
      retry = setTimeout(tryOpen, reopenMs, listener);
    };
    opening.on("data", (chunk: Buffer) => {
      if (!lost && !stopped && port === opening) listener.data(chunk);
    });
    opening.on("error", (error) => lose(error.message));
    opening.on("close", (error: Error | null | undefined) => {
      // Closed by configure(), which wants other parameters: no loss, and open again at once.
      if (port === opening && !lost && !stopped && wanted && differs(wanted, opening)) {
        lost = true;
        tryOpen(listener);
      } else lose(error?.message ?? "closed");
    });
    opening.open((error) => {
      if (error) lose(error.message);
      else if (stopped) opening.close(() => undefined);
      else listener.opened();
    });
  };

  return {
    name: path,
    open(settings, listener) {
      wanted = settings;
      tryOpen(listener);
    },
    configure(settings) {
      wanted = settings;
      if (!port?.isOpen || !differs(settings, port)) return;
      const { settings: now } = port;
      const sameFrame =
        now.dataBits === settings.dataBits && now.parity === settings.parity && now.stopBits === settings.stopBits;
      // The speed alone changes on the open port; all else needs the port anew.
      if (sameFrame) port.update({ baudRate: settings.baud }, () => undefined);
      else port.close(() => undefined);
    },
    write(bytes) {
      if (port?.isOpen) port.write(bytes);
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

function differs(wanted: SerialSettings, { settings }: SerialPort): boolean {
  return (
    wanted.baud !== settings.baudRate ||
    wanted.dataBits !== settings.dataBits ||
    wanted.parity !== settings.parity ||
    wanted.stopBits !== settings.stopBits
  );
}
