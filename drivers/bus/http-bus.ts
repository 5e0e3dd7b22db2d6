import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestOptions } from "node:http";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { digestAnswer, digestChallenge, type DigestChallenge } from "./digest-auth.ts";
import { readPassword } from "./password-file.ts";

/** Options in YAML. `auth` counts only with a password; "query" puts it into the address, which older Tasmota needs. */
export const HttpBusOptions = z.strictObject({
  /** Such as http://192.0.2.30; name and password are not written into it. */
  url: z
    .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
    .refine((url) => !/^https?:\/\/[^/]*@/.test(url), "no user or password in the address"),
  auth: z.enum(["digest", "basic", "query"]).default("digest"),
  username: z.string().min(1).default("admin"),
  password_file: z.string().optional(),
  timeout_ms: z.int().min(100).max(30_000).default(3_000),
});

/**
 * A device that answers JSON over HTTP. Requests wait in a queue, one at a time and each on a connection of its own, as
 * small devices want it. Redirects are not followed. Paths begin with a slash and may have a query.
 * Every call throws AppError: http-unreachable, http-timeout, http-refused (the status is in the message), http-bad-reply,
 * http-closed.
 */
export interface HttpBus {
  readonly name: string;
  /** What it answers to GET, for a schema to check. */
  getJson(path: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Much more than any switch says. */
const mostBytes = 64 * 1024;

/** An HTTP line from its options in YAML. @throws AppError password-file-unreadable */
export function httpBusOf(options: z.output<typeof HttpBusOptions>): HttpBus {
  const { url, auth, username, password_file: file, timeout_ms: timeoutMs } = options;
  return httpBus({ url, timeoutMs, ...(file !== undefined && { login: { auth, username, password: readPassword(file) } }) });
}

/** @param options.timeoutMs wall time for a whole request; default 3000 */
export function httpBus(options: {
  url: string;
  timeoutMs?: number;
  login?: { auth: "digest" | "basic" | "query"; username: string; password: string };
}): HttpBus {
  const { timeoutMs = 3_000, login } = options;
  const base = new URL(options.url);
  const name = base.origin;
  const prefix = base.pathname.replace(/\/$/, "");
  const closing = new AbortController();
  let queue: Promise<unknown> = Promise.resolve();
  let challenge: DigestChallenge | undefined;
  let count = 0;

  const authorization = (uri: string): string | undefined => {
    if (login?.auth === "basic") return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    if (login?.auth !== "digest" || !challenge) return undefined;
    return digestAnswer(challenge, login, { method: "GET", uri, count: ++count, cnonce: randomBytes(16).toString("hex") });
  };

  const once = async (uri: string): Promise<Reply> => {
    closing.signal.throwIfAborted();
    const allowed = authorization(uri);
    const headers = {
      accept: "application/json",
      ...(allowed !== undefined && { authorization: allowed }),
    };
    // Not fetch: it would load 13 MB of code that a gateway does not use elsewhere.
    const { request } = base.protocol === "https:" ? await import("node:https") : await import("node:http");
    const late = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([late, closing.signal]);
    const target: RequestOptions = { path: uri, headers, signal, agent: false };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const asked = request(base, target, resolve);
    asked.on("error", reject);
    asked.end();
    try {
      return await replyOf(await promise);
    } catch (cause) {
      asked.destroy();
      closing.signal.throwIfAborted();
      if (late.aborted)
        throw new AppError("http-timeout", `${name} did not answer within ${timeoutMs} ms; check its power and network`, {
          temporary: true,
          cause,
        });
      if (cause instanceof AppError || String((cause as { code?: unknown }).code).startsWith("HPE_"))
        throw badReply(errorMessage(cause), cause);
      throw new AppError("http-unreachable", `${name} cannot be reached (${errorMessage(cause)}); check address and network`, {
        temporary: true,
        cause,
      });
    }
  };

  const badReply = (why: string, cause?: unknown): AppError =>
    new AppError("http-bad-reply", `${name} sent an answer that is not understood: ${why}; is it the right device?`, {
      temporary: true,
      cause,
    });

  const ask = async (path: string): Promise<unknown> => {
    const uri = prefix + withLogin(path);
    let reply = await once(uri);
    if (reply.status === 401 && login?.auth === "digest") {
      challenge = digestChallenge(reply.challenges);
      count = 0;
      if (challenge) reply = await once(uri);
    }
    if (reply.status < 200 || reply.status > 299)
      // The query may have the password in it.
      throw new AppError(
        "http-refused",
        `${name} answered status ${reply.status} to GET ${path.split("?")[0]}; check password, channel and generation`,
        { temporary: reply.status >= 500 || reply.status === 429 },
      );
    try {
      return JSON.parse(reply.text);
    } catch (cause) {
      throw badReply("no JSON", cause);
    }
  };

  const withLogin = (path: string): string => {
    if (login?.auth !== "query") return path;
    const given = new URLSearchParams({ user: login.username, password: login.password });
    return `${path}${path.includes("?") ? "&" : "?"}${given.toString()}`;
  };

  const enqueue = (work: () => Promise<unknown>): Promise<unknown> => {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  };

  return {
    name,
    getJson: (path) => enqueue(() => ask(path)),
    async close() {
      closing.abort(new AppError("http-closed", `${name} is closed`));
      await queue;
    },
  };
}

interface Reply {
  status: number;
  challenges: string[];
  text: string;
}

async function replyOf(message: IncomingMessage): Promise<Reply> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) throw new AppError("http-bad-reply", `more than ${mostBytes} bytes`);
    parts.push(part);
  }
  return {
    status: message.statusCode ?? 0,
    challenges: message.headersDistinct["www-authenticate"] ?? [],
    text: Buffer.concat(parts).toString("utf8"),
  };
}
