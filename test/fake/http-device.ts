import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A device's web server on loopback: what it was asked, and the answer that the test gives. */
export interface HttpDevice {
  url: string;
  /** Requests in order, as "GET /path". */
  asked: string[];
  /** Cuts the power. */
  stop(): Promise<void>;
}

/** @param answer status and JSON (or bytes) for a request; undefined never answers */
export async function httpDevice(
  answer: (
    request: { method: string; path: string; query: URLSearchParams; body: string; headers: IncomingMessage["headers"] },
    response: ServerResponse,
  ) => { status?: number; headers?: Record<string, string>; body: unknown } | undefined,
): Promise<HttpDevice> {
  const asked: string[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://device");
    asked.push(`${request.method} ${request.url}`);
    const said = answer(
      { method: request.method ?? "", path: pathname, query: searchParams, body, headers: request.headers },
      response,
    );
    if (!said) return;
    const bytes = typeof said.body === "string" ? said.body : JSON.stringify(said.body);
    response.writeHead(said.status ?? 200, { "content-type": "application/json", ...said.headers }).end(bytes);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(() => stop());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop };
}
