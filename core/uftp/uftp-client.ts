import { Agent, request } from "node:https";
import { z } from "zod";
import { AppError } from "../app-error.ts";
import type { ControlKey } from "../envelope.ts";
import type { UftpMessage } from "../message/uftp.ts";
import { type UftpTls, uftpPath } from "./uftp-endpoint.ts";
import { signUftp } from "./uftp-envelope.ts";

/** Sends messages to other participants. */
export interface UftpClient {
  /** @throws AppError uftp-unreachable (temporary) where nobody answers, uftp-refused with the code of the other side */
  send(url: string, message: UftpMessage): Promise<void>;
  close(): void;
}

/** From the first byte that is sent to the last one of the answer: who answers drop by drop holds nobody up. */
const usualAnswerMs = 10_000;
const mostAnswerBytes = 64 * 1024;
const Refusal = z.object({ title: z.string().max(200), detail: z.string().max(2000) });

/** @param options.answerMs how long all of a message and its answer may take */
export function uftpClient({
  tls,
  key,
  answerMs = usualAnswerMs,
}: {
  tls: UftpTls;
  key: ControlKey;
  answerMs?: number;
}): UftpClient {
  const agent = new Agent({ ...tls, keepAlive: true, minVersion: "TLSv1.3", maxSockets: 20 });
  return {
    async send(url, message) {
      const text = await signUftp(key, message);
      const { status, body } = await posted(agent, new URL(uftpPath, url), text, answerMs);
      if (status === 200) return;
      const refusal = Refusal.safeParse(jsonOf(body));
      throw new AppError(
        "uftp-refused",
        refusal.success
          ? `${url} refused ${message.Message}: ${refusal.data.title}, ${refusal.data.detail}`
          : `${url} answered ${message.Message} with HTTP ${status}`,
        { temporary: status >= 500 },
      );
    },
    close: () => agent.destroy(),
  };
}

function posted(agent: Agent, url: URL, text: string, answerMs: number): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const fail = (cause: Error): void =>
    reject(new AppError("uftp-unreachable", `${url.origin} cannot be reached: ${cause.message}`, { temporary: true, cause }));
  const sent = request(
    url,
    {
      agent,
      method: "POST",
      headers: { "content-type": "application/jose", "content-length": Buffer.byteLength(text) },
    },
    (response) => {
      let body = "";
      const done = (): void => resolve({ status: response.statusCode ?? 0, body });
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        body += part;
        if (body.length < mostAnswerBytes) return;
        // What more it has to say is not waited for.
        done();
        sent.destroy();
      });
      response.on("end", done);
      response.on("error", fail);
    },
  );
  const late = setTimeout(() => sent.destroy(new Error(`no answer within ${answerMs / 1000} s`)), answerMs);
  sent.on("error", fail);
  sent.end(text);
  return promise.finally(() => clearTimeout(late));
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
