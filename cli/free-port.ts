import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { AppError } from "../core/app-error.ts";

/** Below the ports that Linux (32768 on), macOS and Windows (49152 on) give to outgoing connections: none of those takes one of these. */
const [firstPort, endPort] = [20_000, 32_000];
const mostTries = 1000;

/**
 * Loopback ports that are free now, each given once, for programs that cannot pick one and say which. Such a program starts some
 * time later, and may be started again on its port: a connection to anywhere must not have taken it meanwhile.
 * The function that it gives throws AppError port-none-free.
 */
export function freePorts(): () => Promise<number> {
  let next = randomInt(firstPort, endPort);
  return async () => {
    for (let tries = 0; tries < mostTries; tries++) {
      const port = next;
      next = next + 1 < endPort ? next + 1 : firstPort;
      if (await isFree(port)) return port;
    }
    throw new AppError("port-none-free", `none of ${mostTries} ports of 127.0.0.1 up to ${next} is free; end what holds them`);
  };
}

/** One such port. */
export const freePort = (): Promise<number> => freePorts()();

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
