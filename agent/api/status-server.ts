import { chmodSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { problemOf } from "../../core/problem.ts";

/**
 * Serves GET /v1/status as JSON on a Unix socket. The socket's mode (0600) is the authority: only the agent's own user
 * and root may ask. @throws AppError api-cannot-listen
 */
export async function startStatusServer(socketFile: string, status: () => unknown): Promise<{ close(): Promise<void> }> {
  // A socket that a killed run left behind; two agents on one folder are kept apart by systemd.
  rmSync(socketFile, { force: true });
  const server: Server = createServer((request, response) => {
    const [code, body] = answer(request, status);
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

/** A status that cannot be read (a failing database, say) is an answer too; it must not end the agent. */
function answer({ method, url }: IncomingMessage, status: () => unknown): [number, unknown] {
  if (method !== "GET" || url !== "/v1/status") return [404, problemOf(404, "unknown-path", "try GET /v1/status")];
  try {
    return [200, status()];
  } catch (error) {
    return [500, problemOf(500, errorCode(error), errorMessage(error))];
  }
}
