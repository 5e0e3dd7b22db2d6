import { request } from "node:http";
import { AppError, errorMessage } from "../core/app-error.ts";

/** Wall time that an agent has to answer, ms. */
const answerWithinMs = 5000;

/**
 * One request to a running agent over its socket, and its answer; the body is undefined where it is no JSON.
 * @throws AppError agent-unreachable, temporary
 */
export async function askAgent(
  socketPath: string,
  ask: { method: "GET" | "PUT" | "DELETE"; path: string; body?: unknown },
): Promise<{ statusCode: number; body: unknown }> {
  const answer = Promise.withResolvers<{ statusCode: number; body: unknown }>();
  const asking = request({ socketPath, method: ask.method, path: ask.path, timeout: answerWithinMs }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => answer.resolve({ statusCode: response.statusCode ?? 0, body: parsed(text) }));
  });
  asking.on("timeout", () => asking.destroy(new Error(`no answer within ${answerWithinMs / 1000} s`)));
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
