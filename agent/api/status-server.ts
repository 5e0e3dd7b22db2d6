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
}

/** A request to a gateway is small. */
const mostBodyBytes = 4096;

/**
 * Serves GET /v1/status, PUT /v1/override and DELETE /v1/override/NAME as JSON on a Unix socket. The socket's mode (0600)
 * is the authority: only the agent's own user and root may ask. @throws AppError api-cannot-listen
 */
export async function startStatusServer(socketFile: string, api: AgentApi): Promise<{ close(): Promise<void> }> {
  // A socket that a killed run left behind; two agents on one folder are kept apart by systemd.
  rmSync(socketFile, { force: true });
  const server: Server = createServer(async (request, response) => {
    const [code, body] = await answer(request, api);
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

/** A failure (a status that cannot be read, say) is an answer too; it must not end the agent. */
async function answer(request: IncomingMessage, api: AgentApi): Promise<[number, unknown]> {
  const { method, url = "" } = request;
  try {
    if (method === "GET" && url === "/v1/status") return [200, api.status()];
    if (method === "PUT" && url === "/v1/override") return [200, api.setOverride(await jsonBody(request))];
    const [, resource] = /^\/v1\/override\/([A-Za-z0-9_-]{1,48})$/.exec(url) ?? [];
    if (method === "DELETE" && resource !== undefined) {
      api.clearOverride(resource);
      return [200, {}];
    }
    return [404, problemOf(404, "unknown-path", "try GET /v1/status, PUT /v1/override, DELETE /v1/override/NAME")];
  } catch (error) {
    const status = errorCode(error).startsWith("override-") ? 400 : 500;
    return [status, problemOf(status, errorCode(error), errorMessage(error))];
  }
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > mostBodyBytes) throw new AppError("override-malformed", `a request of more than ${mostBodyBytes} bytes`);
    chunks.push(bytes);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return body;
  } catch (cause) {
    throw new AppError("override-malformed", `the request is not JSON: ${errorMessage(cause)}`, { cause });
  }
}
