import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RPCServer } from "ocpp-rpc";
import { AppError, errorMessage } from "../../../core/app-error.ts";
import type { Log } from "../../../core/log.ts";

/** The charger's own no, as it stands in CALLERROR, such as NotSupported; or an answer that breaks the schema. */
export interface Refusal {
  refused: string;
}

/** The end of OCPP 1.6J that a charger dials; it knows one charger. */
export interface CentralSystem {
  readonly port: number;
  connected(): boolean;
  /** What the charger answers, checked by OCPP's schema. @throws AppError device-no-answer, temporary */
  call(action: string, payload: object): Promise<{ answer: unknown } | Refusal>;
  close(): Promise<void>;
}

/** A StopTransaction.req may carry the samples of a whole night. */
const mostBytes = 256 * 1024;
/** After so many frames that are no OCPP a connection is cut. */
const mostBadFrames = 20;
const protocol = "ocpp1.6";

/** What is used of the library's connection. */
interface Client {
  handle(action: string, answer: (call: { params?: unknown }) => Promise<object>): void;
  call(action: string, payload: object, options: { callTimeoutMs: number }): Promise<unknown>;
  close(options: { force?: boolean; code?: number }): Promise<unknown>;
  on(event: string, listener: (event: never) => void): void;
}

/**
 * Listens for the charger. Another charge point id, a wrong password and another subprotocol are refused in the handshake.
 * @param options.answers answer to each action, after its request has been checked by the schema; others get NotImplemented
 * @param options.onConnect the charger is there (again)
 * @throws AppError ocpp-cannot-listen
 */
export async function startCentralSystem(options: {
  name: string;
  host: string;
  port: number;
  chargePointId: string;
  password?: string;
  log: Log;
  callTimeoutMs?: number;
  answers: Record<string, (request: unknown) => object>;
  onConnect: () => void;
}): Promise<CentralSystem> {
  const { name, host, chargePointId, password, log, callTimeoutMs = 10_000, answers } = options;
  let charger: Client | undefined;
  const rpc = new RPCServer({
    protocols: [protocol],
    strictMode: true,
    callTimeoutMs,
    pingIntervalMs: 30_000,
    wssOptions: { maxPayload: mostBytes },
  });
  rpc.on("error", (error: unknown) => log.warn({ charger: name, error: errorMessage(error) }, "charger connection failed"));
  rpc.auth((accept, reject, { identity, protocols, password: given }) => {
    if (identity !== chargePointId) return reject(404, "unknown charge point");
    if (password !== undefined && !(given && same(given, password))) {
      log.warn({ charger: name }, "charger refused: wrong password");
      return reject(401, "wrong password");
    }
    if (!protocols.has(protocol)) return reject(400, `${protocol} only`);
    accept();
  });
  rpc.on("client", (client: Client) => {
    // A charger that dials again has lost the old connection, even if we have not noticed.
    const old = charger;
    charger = client;
    if (old) cut(old);
    let bad = 0;
    client.on("badMessage", () => {
      if (++bad > mostBadFrames) cut(client);
    });
    client.on("strictValidationFailure", ({ method, error }: { method: string; error: unknown }) =>
      log.warn({ charger: name, action: method, error: errorMessage(error).slice(0, 200) }, "charger breaks the schema"),
    );
    client.on("close", () => {
      if (charger !== client) return;
      charger = undefined;
      log.info({ charger: name }, "charger gone");
    });
    for (const [action, answer] of Object.entries(answers)) client.handle(action, async ({ params }) => answer(params));
    log.info({ charger: name }, "charger connected");
    options.onConnect();
  });

  // The library's own server would end the process on a port in use, and on an address that is no address.
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (_request, response) =>
    response.writeHead(404).end(),
  );
  server.maxConnections = 16;
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    rpc.handleUpgrade(request, socket as Parameters<typeof rpc.handleUpgrade>[1], head).catch(() => socket.destroy());
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", resolve).once("error", reject);
  server.listen(options.port, host);
  try {
    await listening;
  } catch (cause) {
    throw new AppError(
      "ocpp-cannot-listen",
      `${name} cannot listen on ${host} port ${options.port} (${errorMessage(cause)}); name an address of this machine and a free port`,
      { cause },
    );
  }
  server.on("error", (error) => log.warn({ charger: name, error: error.message }, "charger connection failed"));

  return {
    port: (server.address() as AddressInfo).port,
    connected: () => charger !== undefined,
    async call(action, payload) {
      if (!charger)
        throw new AppError(
          "device-no-answer",
          `charger ${chargePointId} is not connected to port ${options.port}; check its address of the central system`,
          {
            temporary: true,
          },
        );
      try {
        return { answer: await charger.call(action, payload, { callTimeoutMs }) };
      } catch (cause) {
        const { rpcErrorCode } = cause as { rpcErrorCode?: unknown };
        if (typeof rpcErrorCode === "string") return { refused: rpcErrorCode };
        throw new AppError("device-no-answer", `charger ${chargePointId} did not answer ${action} (${errorMessage(cause)})`, {
          temporary: true,
          cause,
        });
      }
    },
    async close() {
      charger = undefined;
      await rpc.close({ force: true });
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function cut(client: Client): void {
  client.close({ force: true }).catch(() => undefined);
}

function same(given: Uint8Array, wanted: string): boolean {
  const hash = (bytes: Uint8Array | string): Buffer => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
