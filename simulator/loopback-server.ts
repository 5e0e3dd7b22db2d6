import { createServer, type AddressInfo, type Socket } from "node:net";

/** A server on 127.0.0.1 that ends with all its connections. */
export interface LoopbackServer {
  port: number;
  /** Connections that are open now. */
  sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** @param port 0 takes a free one */
export async function startLoopbackServer(port: number, onSocket: (socket: Socket) => void): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
