import { request } from "node:http";
import { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";

/** Wall time that an agent has to answer, ms. */
const answerWithinMs = 5000;

/** What is asked of the agent. */
export interface Ask {
  method: "GET" | "PUT" | "DELETE" | "POST";
  path: string;
  body?: unknown;
  /** Wall time that the work itself takes, before the answer can come; none where it is left out. */
  takesMs?: number;
  /** Lets go of the request. */
  signal?: AbortSignal;
}

/**
 * One request to a running agent over its socket, and its answer; the body is undefined where it is no JSON.
 * @throws AppError agent-unreachable, temporary
 */
export async function askAgent(socketPath: string, ask: Ask): Promise<{ statusCode: number; body: unknown }> {
  const { method, path, takesMs = 0, signal } = ask;
  const answer = Promise.withResolvers<{ statusCode: number; body: unknown }>();
  const timeout = answerWithinMs + takesMs;
  const asking = request({ socketPath, method, path, timeout, ...(signal && { signal }) }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => answer.resolve({ statusCode: response.statusCode ?? 0, body: parsed(text) }));
  });
  asking.on("timeout", () =>
    asking.destroy(Object.assign(new Error(`no answer within ${timeout / 1000} s`), { code: "ETIMEDOUT" })),
  );
  asking.on("error", answer.reject);
  asking.end(ask.body === undefined ? undefined : JSON.stringify(ask.body));
  try {
    return await answer.promise;
  } catch (cause) {
    throw new AppError(
      "agent-unreachable",
      `no agent answers at ${socketPath} (${errorMessage(cause)}); is it running, and are you its user or root?`,
      { temporary: true, cause },
    );
  }
}

const Problem = z.object({ title: z.string(), detail: z.string().optional() });

/** The body of an answer that is good. @throws AppError of the code that the agent gives, or agent-unreachable */
export async function askedAgent(socketPath: string, ask: Ask): Promise<unknown> {
  const { statusCode, body } = await askAgent(socketPath, ask);
  if (statusCode === 200) return body;
  const problem = Problem.safeParse(body).data;
  throw new AppError(
    problem?.title ?? "agent-unreachable",
    problem?.detail ?? `the agent answered ${statusCode}; look at its log`,
  );
}

/** Whether a failure means that there is no agent at all: nothing listens at the socket, and not that it does not answer. */
export function isAgentGone(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED"].includes(reasonOf(error));
}

/** Whether a failure means that an agent is there and hangs: it takes no more questions, or gives no answer in time. */
export function isAgentHung(error: unknown): boolean {
  return ["ETIMEDOUT", "EAGAIN"].includes(reasonOf(error));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
