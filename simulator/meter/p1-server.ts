import { createServer, type AddressInfo, type Socket } from "node:net";

/** A P1 port on the network, as ser2net offers it: every client gets every telegram. */
export interface P1Server {
  port: number;
  /** Hands a telegram to the system for all clients that keep up; a client that does not is dropped. */
  send(telegram: Uint8Array): void;
  clients(): number;
  close(): Promise<void>;
}

/** Bytes a client may lag behind beyond what the system buffers: some dozens of telegrams. */
const maxLagBytes = 64 * 1024;

/** @param port 0 takes a free one; loopback only */
export async function startP1Server(port: number): Promise<P1Server> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    // Nothing is expected from the other side; reading on notices its end.
    socket.resume();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    send(telegram) {
      for (const socket of sockets) {
        if (socket.writableLength > maxLagBytes) socket.destroy();
        else socket.write(telegram);
      }
    },
    clients: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
