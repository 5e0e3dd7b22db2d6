import { startLoopbackServer } from "../loopback-server.ts";

/** A P1 port on the network, as ser2net offers it: every client gets every telegram. */
export interface P1Server {
  port: number;
  /** Hands a telegram to the system for all clients that keep up; a client that does not is dropped. */
  send(telegram: Uint8Array): void;
  /** How many are connected now. */
  clients(): number;
  close(): Promise<void>;
}

/** Bytes a client may lag behind beyond what the system buffers: some dozens of telegrams. */
const maxLagBytes = 64 * 1024;

/** On loopback only. @param port 0 takes a free one */
export async function startP1Server(port: number): Promise<P1Server> {
  // Nothing is expected from the other side; reading on notices its end.
  const server = await startLoopbackServer(port, (socket) => socket.resume());
  return {
    port: server.port,
    send(telegram) {
      for (const socket of server.sockets) {
        if (socket.writableLength > maxLagBytes) socket.destroy();
        else socket.write(telegram);
      }
    },
    clients: () => server.sockets.size,
    close: server.close,
  };
}
