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

const timeoutMs = 10_000;
const mostAnswerBytes = 64 * 1024;
const Refusal = z.object({ title: z.string().max(200), detail: z.string().max(2000) });

export function uftpClient({ tls, key }: { tls: UftpTls; key: ControlKey }): UftpClient {
  const agent = new Agent({ ...tls, keepAlive: true, minVersion: "TLSv1.3", maxSockets: 20 });
  return {
    async send(url, message) {
      const text = await signUftp(key, message);
      const { status, body } = await posted(agent, new URL(uftpPath, url), text);
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

function posted(agent: Agent, url: URL, text: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new AppError("uftp-unreachable", `${url.origin} cannot be reached: ${cause.message}`, { temporary: true, cause }));
    const sent = request(
      url,
      {
        agent,
        method: "POST",
        headers: { "content-type": "application/jose", "content-length": Buffer.byteLength(text) },
        timeout: timeoutMs,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          if (body.length < mostAnswerBytes) body += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", fail);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on("error", fail);
    sent.end(text);
  });
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
