import type { AddressInfo, Server } from "node:net";
import type { AppError } from "./app-error.ts";

/** Where a server is to listen. */
export interface ListenAt {
  host: string;
  /** 0: any that is free. */
  port: number;
}

/** What is awaited of a server of any kind, HTTP/2 too. */
type Listening = Pick<Server, "once" | "address">;

/**
 * Resolves with the port once a server listens that was told to.
 * @param refused makes what is thrown where it cannot, such as of a taken port
 */
export async function listening(server: Listening, at: ListenAt, refused: (cause: Error) => AppError): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause: Error) => reject(refused(cause)));
  });
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address ? address.port : at.port;
}

/** Says why an address cannot be had, and which key of the configuration names it. */
export const cannotListen = ({ host, port }: ListenAt, cause: Error, key: string): string =>
  `cannot listen on ${host}:${port}: ${cause.message}; free it or change ${key}`;

/** Ends a server; a request that is never finished does not keep it open. */
export async function closed(server: { close(done: () => void): unknown }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  if ("closeAllConnections" in server && typeof server.closeAllConnections === "function") server.closeAllConnections();
  await promise;
}
