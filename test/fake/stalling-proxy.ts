import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A way to a server on which bytes can be stopped for a while, and lost. */
export interface StallingProxy {
  port: number;
  /** Nothing passes any more, in either direction. */
  stall(): void;
  resume(): void;
  /** Breaks all connections; what was stopped is lost. */
  cut(): void;
}

export async function stallingProxy(port: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    const ends = [near, far] as const;
    const close = (): void => ends.forEach((socket) => void (sockets.delete(socket), socket.destroy()));
    for (const socket of ends) {
      sockets.add(socket);
      socket.on("error", close).on("close", close);
    }
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => near.write(bytes));
    if (stalled) for (const socket of ends) socket.pause();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    cut,
  };
}
