import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { AppError, errorMessage } from "../../core/app-error.ts";

/**
 * Serves GET /v1/status as JSON on a Unix socket. The socket's mode (0600) is the authority: only the agent's own user
 * and root may ask. @throws AppError api-cannot-listen
 */
export async function startStatusServer(socketFile: string, status: () => unknown): Promise<{ close(): Promise<void> }> {
  // A socket that a killed run left behind; two agents on one folder are kept apart by systemd.
  rmSync(socketFile, { force: true });
  const server: Server = createServer((request, response) => {
    const found = request.method === "GET" && request.url === "/v1/status";
    const body = found
      ? status()
      : { type: "urn:smart-mla:unknown-path", title: "unknown-path", status: 404, detail: "try GET /v1/status" };
    response.writeHead(found ? 200 : 404, { "content-type": found ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new AppError("api-cannot-listen", `cannot listen on ${socketFile}: ${errorMessage(cause)}`, { cause })),
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
