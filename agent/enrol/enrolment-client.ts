import { createHash, X509Certificate } from "node:crypto";
import { request, type RequestOptions } from "node:https";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";

/** Wall time for one answer, ms. */
const answerWithinMs = 30_000;
const maxAnswerBytes = 64 * 1024;

/** Where the aggregator enrols, and the authority that its certificate must come from. */
export interface EnrolmentServer {
  url: string;
  ca: string;
}

const Problem = z.object({ title: z.string(), detail: z.string().optional() });

/**
 * The authority's certificate, taken from what the server shows. The connection itself is not trusted and nothing secret
 * goes over it: only a certificate with the pinned fingerprint is believed.
 * @returns PEM
 * @throws AppError enrol-unreachable (temporary), enrol-untrusted-server
 */
export async function pinnedAuthority(url: string, fingerprint: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const host = bare(hostname);
  const shown = Promise.withResolvers<Buffer[]>();
  const socket = connect(
    { host, port: Number(port || 443), minVersion: "TLSv1.3", rejectUnauthorized: false, timeout: answerWithinMs },
    () => shown.resolve(chainOf(socket.getPeerCertificate(true))),
  );
  socket.once("timeout", () => socket.destroy(new Error(`no answer within ${answerWithinMs / 1000} s`)));
  socket.once("error", shown.reject);
  const chain = await shown.promise
    .catch((cause: unknown) => {
      throw unreachable(url, cause);
    })
    .finally(() => socket.destroy());
  const found = chain.find((raw) => createHash("sha256").update(raw).digest("base64url") === fingerprint);
  if (!found)
    throw new AppError(
      "enrol-untrusted-server",
      `${url} does not show the certificate authority that the code names; is somebody in between, or was the authority replaced?`,
    );
  return new X509Certificate(found).toString();
}

/**
 * Sends JSON and gives the answer that a schema accepts.
 * @throws AppError enrol-unreachable (temporary), enrol-untrusted-server, enrol-bad-answer, and the code that the server gives
 */
export async function askEnrolment<S extends z.ZodType>(
  { url, ca }: EnrolmentServer,
  ask: { path: string; body: unknown; schema: S; identity?: { key: string; cert: string } },
): Promise<z.output<S>> {
  const { statusCode, text } = await exchange(
    new URL(ask.path, url),
    { ca, minVersion: "TLSv1.3", ...ask.identity },
    JSON.stringify(ask.body),
  ).catch((cause: unknown) => {
    throw isTrustFailure(cause)
      ? new AppError("enrol-untrusted-server", `the certificate of ${url} does not hold: ${errorMessage(cause)}`, { cause })
      : unreachable(url, cause);
  });
  const body = parsed(text);
  if (statusCode === 200) return parseAs(ask.schema, body, "enrol-bad-answer");
  const problem = Problem.safeParse(body).data;
  throw new AppError(problem?.title ?? "enrol-bad-answer", problem?.detail ?? `${url} answered ${statusCode}`, {
    temporary: statusCode === 429 || statusCode >= 500,
  });
}

async function exchange(url: URL, options: RequestOptions, body: string): Promise<{ statusCode: number; text: string }> {
  const answer = Promise.withResolvers<{ statusCode: number; text: string }>();
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  // An agent of its own: no connection is kept, and none with another identity is used again.
  const asking = request(url, { ...options, agent: false, method: "POST", headers, timeout: answerWithinMs }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) asking.destroy(new Error(`the answer is longer than ${maxAnswerBytes} bytes`));
    });
    response.on("end", () => answer.resolve({ statusCode: response.statusCode ?? 0, text }));
    response.on("error", answer.reject);
  });
  asking.on("timeout", () => asking.destroy(new Error(`no answer within ${answerWithinMs / 1000} s`)));
  asking.on("error", answer.reject);
  asking.end(body);
  return answer.promise;
}

/** Each certificate once, from the server's own to the one that issued itself. */
function chainOf(first: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (next?.raw && !chain.some((raw) => raw.equals(next?.raw ?? Buffer.alloc(0)))) {
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain;
}

/** What OpenSSL and Node say of a certificate that they do not trust. */
function isTrustFailure(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");
const unreachable = (url: string, cause: unknown): AppError =>
  new AppError("enrol-unreachable", `${url} does not answer: ${errorMessage(cause)}; check the network and try again`, {
    temporary: true,
    cause,
  });
