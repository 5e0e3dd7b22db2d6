import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { AppError, errorCode, errorMessage } from "../app-error.ts";
import type { PinnedKeys } from "../envelope.ts";
import { cannotListen, listening } from "../listening.ts";
import type { Log } from "../log.ts";
import type { UftpMessage } from "../message/uftp.ts";
import { problemOf } from "../problem.ts";
import { certificateNames } from "./certificate-names.ts";
import type { SeenMessages } from "./seen-messages.ts";
import { maxUftpBytes, uftpWindowMs, verifyUftp } from "./uftp-envelope.ts";

export const uftpPath = "/shapeshifter/api/v3/message";

/** Certificates as PEM: the own one with its key, and those that sign the others'. */
export interface UftpTls {
  cert: string;
  key: string;
  ca: string;
}

/** Where messages of other participants arrive. */
export interface UftpEndpoint {
  port: number;
  stop(): Promise<void>;
}

/**
 * Listens for messages over HTTPS. Both sides show certificates; the one of the sender must be for the domain that the message
 * names, and the message signed by a key of it. The same message again is answered like the first one and not taken again.
 * @param options.take what is done with a message before its sender is told that it has come; throws to refuse it
 * @throws AppError uftp-cannot-listen
 */
export async function startUftpEndpoint(options: {
  listen: { host: string; port: number };
  tls: UftpTls;
  domain: string;
  keysOf: (domain: string) => PinnedKeys | undefined;
  seen: SeenMessages;
  now: () => number;
  take: (message: UftpMessage) => void | Promise<void>;
  /** Hears of each message that is refused, by its code. */
  onRefused?: (code: string, why: string) => void;
  log: Log;
}): Promise<UftpEndpoint> {
  const { listen, tls, log } = options;
  const server = createServer(
    { ...tls, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true },
    (request, response) =>
      void answered(request, options).then(
        () => response.writeHead(200).end(),
        (error: unknown) => {
          options.onRefused?.(errorCode(error), errorMessage(error));
          refuse(response, error, log);
        },
      ),
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 20_000;
  server.maxConnections = 200;
  server.listen(listen.port, listen.host);
  const port = await listening(
    server,
    listen,
    (cause) => new AppError("uftp-cannot-listen", cannotListen(listen, cause, "listen"), { cause }),
  );
  server.on("error", (error) => log.warn({ error: error.message }, "listener for messages"));
  return {
    port,
    async stop() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      // Those that are still shaking hands too.
      for (const socket of sockets) socket.destroy();
      await promise;
    },
  };
}

async function answered(
  request: IncomingMessage,
  { domain, keysOf, seen, now, take }: Parameters<typeof startUftpEndpoint>[0],
): Promise<void> {
  if (request.method !== "POST" || request.url !== uftpPath)
    throw new AppError("uftp-not-found", `messages are posted to ${uftpPath}`);
  const text = await bodyOf(request);
  const nowMs = now();
  const message = await verifyUftp(text, { keysOf, recipient: domain, nowMs });
  // Null once the connection is gone; nobody hears an answer then.
  const names = certificateNames((request.socket as TLSSocket).getPeerCertificate());
  const sender = message.SenderDomain;
  if (!names.includes(sender))
    throw new AppError("uftp-other-certificate", `the certificate of the connection is not for ${sender}`);
  const digest = createHash("sha256").update(JSON.stringify(message)).digest("hex");
  seen.forget(nowMs);
  switch (seen.look(sender, message.MessageID, digest)) {
    case "same":
      return;
    case "other":
      throw new AppError("uftp-id-again", `another message had the id ${message.MessageID}; give each its own`);
    case "new":
      // Before anything else happens, so that the same message beside it is not new.
      seen.note(sender, message.MessageID, digest, Date.parse(message.TimeStamp) + uftpWindowMs);
      try {
        await take(message);
      } catch (error) {
        seen.drop(sender, message.MessageID);
        throw error;
      }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxUftpBytes) throw new AppError("uftp-too-large", `more than ${maxUftpBytes} bytes are not read`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function refuse(response: ServerResponse, error: unknown, log: Log): void {
  const code = errorCode(error);
  log.warn({ code, error: errorMessage(error) }, "message refused");
  const status = code === "uftp-not-found" ? 404 : code === "uftp-too-large" ? 413 : code === "unexpected" ? 500 : 400;
  const told = code === "unexpected" ? "something went wrong here; try again later" : errorMessage(error);
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "content-type": "application/problem+json", connection: "close" });
  response.end(JSON.stringify(problemOf(status, code, told)));
}
