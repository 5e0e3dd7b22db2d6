import { connect, type Socket } from "node:net";
import type { ByteBus } from "./byte-bus.ts";

/**
 * A socket to a box that passes a serial line on (ser2net, P1 readers). Serial settings are the box's own matter.
 * Connects again after every loss.
 * @param options.reopenMs wall time between two tries
 * @param options.silenceMs wall time without a byte after which the connection is taken for half open and made anew
 */
export function tcpBus(options: { host: string; port: number; reopenMs?: number; silenceMs?: number }): ByteBus {
  const { host, port, reopenMs = 2_000, silenceMs = 60_000 } = options;
  const name = `tcp://${host}:${port}`;
  let socket: Socket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  return {
    name,
    fixedSpeed: true,
    open(_settings, listener) {
      const tryOpen = (): void => {
        let reason = "closed by the other side";
        const opening = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
        socket = opening;
        opening.setTimeout(silenceMs, () => {
          reason = `no byte in ${silenceMs / 1000} s`;
          opening.destroy();
        });
        opening.on("connect", () => listener.opened());
        opening.on("data", (chunk) => listener.data(chunk));
        opening.on("error", (error) => (reason = error.message));
        opening.on("close", () => {
          if (stopped) return;
          listener.closed(`${name}: ${reason}`);
          retry = setTimeout(tryOpen, reopenMs);
        });
      };
      tryOpen();
    },
    configure: () => undefined,
    write(bytes) {
      if (socket?.readyState === "open") socket.write(bytes);
    },
    close() {
      stopped = true;
      clearTimeout(retry);
      const { promise, resolve } = Promise.withResolvers<void>();
      if (!socket || socket.closed) resolve();
      else {
        socket.once("close", () => resolve());
        socket.destroy();
      }
      return promise;
    },
  };
}
