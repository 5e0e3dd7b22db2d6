import { createServer } from "node:http";
import { AppError, errorCode } from "../../core/app-error.ts";
import { cannotListen, closed, type ListenAt, listening } from "../../core/listening.ts";
import type { Log } from "../../core/log.ts";
import type { Metrics } from "./metrics.ts";

/**
 * Serves /metrics at an address of its own, without a token: who reaches it reads figures of all homes together.
 * @throws AppError metrics-cannot-listen
 */
export async function serveMetrics(options: {
  listen: ListenAt;
  metrics: Metrics;
  log: Log;
}): Promise<{ port: number; stop(): Promise<void> }> {
  const { listen, metrics, log } = options;
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") return void response.writeHead(404).end();
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      (error: unknown) => {
        log.warn({ code: errorCode(error) }, "metrics could not be collected");
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = 20;
  server.listen(listen.port, listen.host);
  const port = await listening(
    server,
    listen,
    (cause) => new AppError("metrics-cannot-listen", cannotListen(listen, cause, "metrics.listen"), { cause }),
  );
  return { port, stop: () => closed(server) };
}
