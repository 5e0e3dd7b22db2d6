import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { problemOf } from "../../core/problem.ts";

/** What the server hands on; each may throw an AppError, which becomes the answer. */
export interface AgentApi {
  status(): unknown;
  /** @param request body of the message, not yet checked. @returns what is in force now */
  setOverride(request: unknown): unknown;
  clearOverride(resource: string): void;
  /** What the household allows to leave the house. */
  consents(): unknown;
  /** @param request body of the message, not yet checked. @returns the signed statement */
  sayConsent(request: unknown): Promise<unknown>;
  /** Newest reading of a meter. */
  meter(name: string): unknown;
  /** What every appliance is to do over the next day. */
  schedule(): unknown;
  /** The planning problem of this moment, for whoever plans it elsewhere; its problem is null without prices or demands. */
  planning(): unknown;
  /**
   * Clicks a relay and gives what came of it, once it is over.
   * @param request body of the message, not yet checked
   * @param signal aborts when whoever asked is gone
   */
  testRelay(request: unknown, signal: AbortSignal): Promise<unknown>;
}

/** A request to a gateway is small. */
const mostBodyBytes = 4096;

/**
 * Serves the agent's state, and what people may ask of it, as JSON on a Unix socket. The socket's mode (0600)
 * is the authority: only the agent's own user and root may ask. @throws AppError api-cannot-listen
 */
export async function startStatusServer(socketFile: string, api: AgentApi): Promise<{ close(): Promise<void> }> {
  // A socket that a killed run left behind; two agents on one folder are kept apart by their lock.
  rmSync(socketFile, { force: true });
  const server: Server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const [code, body] = await answer(request, api, gone.signal);
    response.writeHead(code, { "content-type": code === 200 ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new AppError(
          "api-cannot-listen",
          `cannot listen on ${socketFile}: ${errorMessage(cause)}; check its folder and the length of its path`,
          { cause },
        ),
      ),
    );
    server.listen(socketFile, resolve);
  });
  chmodSync(socketFile, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Paths, for who asks for another one. */
const paths = [
  "GET /v1/status",
  "GET /v1/meters/NAME",
  "GET /v1/schedule",
  "GET /v1/planning",
  "PUT /v1/override",
  "DELETE /v1/override/NAME",
  "POST /v1/relay-test",
  "GET /v1/consent",
  "PUT /v1/consent",
].join(", ");

/** A failure (a status that cannot be read, say) is an answer too; it must not end the agent. */
async function answer(request: IncomingMessage, api: AgentApi, gone: AbortSignal): Promise<[number, unknown]> {
  const { method, url = "" } = request;
  try {
    const [, path = "", name] = /^(\/v1\/(?:meters|override))\/([A-Za-z0-9_-]{1,48})$/.exec(url) ?? [];
    switch (name === undefined ? `${method} ${url}` : `${method} ${path}/NAME`) {
      case "GET /v1/status":
        return [200, api.status()];
      case "GET /v1/meters/NAME":
        return [200, api.meter(name ?? "")];
      case "GET /v1/schedule":
        return [200, api.schedule()];
      case "GET /v1/planning":
        return [200, api.planning()];
      case "PUT /v1/override":
        return [200, api.setOverride(await jsonBody(request))];
      case "DELETE /v1/override/NAME":
        api.clearOverride(name ?? "");
        return [200, {}];
      case "GET /v1/consent":
        return [200, { items: api.consents() }];
      case "PUT /v1/consent":
        return [200, await api.sayConsent(await jsonBody(request))];
      case "POST /v1/relay-test":
        return [200, await api.testRelay(await jsonBody(request), gone)];
    }
    return [404, problemOf(404, "unknown-path", `try ${paths}`)];
  } catch (error) {
    const status = statusOf(errorCode(error));
    return [status, problemOf(status, errorCode(error), errorMessage(error))];
  }
}

function statusOf(code: string): number {
  if (code === "usage-unknown-meter" || code === "relay-unknown") return 404;
  if (code === "relay-test-refused") return 409;
  return /^(override|consent)-/.test(code) || code.endsWith("-malformed") ? 400 : 500;
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > mostBodyBytes) throw new AppError("request-malformed", `a request of more than ${mostBodyBytes} bytes`);
    chunks.push(bytes);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return body;
  } catch (cause) {
    throw new AppError("request-malformed", `the request is not JSON: ${errorMessage(cause)}`, { cause });
  }
}
