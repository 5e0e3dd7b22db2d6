import type { IncomingMessage } from "node:http";
import { AppError, errorMessage } from "../core/app-error.ts";

/** What a service on the internet answered. */
export interface ServiceReply {
  status: number;
  headers: IncomingMessage["headers"];
  text: string;
}

/** One question to a service. Secrets belong into headers or the query: neither is ever in a message. */
export interface ServiceRequest {
  url: URL;
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** Wall time for all of it, redirects and a slow body too; default 20 s. */
  timeoutMs?: number;
  /** Longest body; default 2 MiB: a month of quarters, and a parser needs fifty times as much memory. */
  mostBytes?: number;
}

const mostRedirects = 3;
const userAgent = "smart-mla/1 (household energy agent)";

/**
 * Asks a web service. A redirect is followed only to the same scheme, host and port, and only for GET.
 * Whatever status it ends with is given back.
 * @throws AppError service-unreachable, service-timeout, service-too-long, service-redirect; all but the last two temporary
 */
export async function askService(request: ServiceRequest): Promise<ServiceReply> {
  const { timeoutMs = 20_000, mostBytes = 2 * 1024 * 1024 } = request;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([late, request.signal]);
  let { url } = request;
  try {
    for (let hops = 0; ; hops++) {
      const reply = await once({ ...request, url, signal }, mostBytes);
      const { location } = reply.headers;
      if (![301, 302, 303, 307, 308].includes(reply.status) || location === undefined) return reply;
      url = redirected(url, location, request.method ?? "GET", hops);
    }
  } catch (cause) {
    request.signal.throwIfAborted();
    if (late.aborted)
      throw new AppError("service-timeout", `${nameOf(url)} did not answer within ${timeoutMs} ms; it is asked again later`, {
        temporary: true,
        cause,
      });
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      "service-unreachable",
      `${nameOf(url)} cannot be reached (${errorMessage(cause)}); check the network and the name server of this machine`,
      { temporary: true, cause },
    );
  }
}

/** The body of a good answer. @throws AppError service-refused, temporary at 429 and from 500 on */
export function goodText(url: URL, { status, text }: ServiceReply): string {
  if (status >= 200 && status < 300) return text;
  throw new AppError(
    "service-refused",
    `${nameOf(url)} answered status ${status}; check token, zone and address in the configuration`,
    { temporary: status >= 500 || status === 429 },
  );
}

/** The same as JSON, for a schema to check. @throws AppError service-refused, service-bad-reply (temporary) */
export function goodJson(url: URL, reply: ServiceReply): unknown {
  const text = goodText(url, reply);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badReply(url, "no JSON", cause);
  }
}

/** An answer that is not what the service's documentation says. */
export function badReply(url: URL, why: string, cause?: unknown): AppError {
  return new AppError(
    "service-bad-reply",
    `${nameOf(url)} sent an answer that is not understood: ${why.slice(0, 300)}; check its address in the configuration`,
    { temporary: true, cause },
  );
}

/** Without the query, which may hold a token. */
function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function redirected(from: URL, location: string, method: string, hops: number): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (method === "GET" && to?.origin === from.origin && hops < mostRedirects) return to;
  throw new AppError(
    "service-redirect",
    `${nameOf(from)} sends on to ${to ? to.origin : "an address that is none"}, which is not followed; write the address where it is now into the configuration`,
  );
}

async function once(request: ServiceRequest, mostBytes: number): Promise<ServiceReply> {
  const { url, body, signal } = request;
  signal.throwIfAborted();
  // Not fetch: it would load 13 MB of code that a gateway does not use elsewhere.
  const { request: open } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  const headers = {
    "user-agent": userAgent,
    ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
    ...request.headers,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = open(url, { method: request.method ?? "GET", headers, signal, agent: false }, resolve);
  asked.on("error", reject);
  asked.end(body);
  try {
    const message = await promise;
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of message as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > mostBytes)
        throw new AppError("service-too-long", `${nameOf(url)} sent more than ${mostBytes} bytes; check its address`);
      parts.push(part);
    }
    return { status: message.statusCode ?? 0, headers: message.headers, text: Buffer.concat(parts).toString("utf8") };
  } catch (error) {
    asked.destroy();
    throw error;
  }
}
