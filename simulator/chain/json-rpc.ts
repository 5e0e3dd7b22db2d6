import { z } from "zod";
import { AppError } from "../../core/app-error.ts";

const Reply = z.union([z.object({ error: z.object({ message: z.string() }) }), z.object({ result: z.unknown() })]);

/**
 * One JSON-RPC call over HTTP, at most 5 s of wall time.
 * @throws AppError chain-unreachable (temporary), chain-refused with the node's words
 */
export async function jsonRpc(url: string, method: string, params: unknown[], signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(5_000);
  let body: unknown;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    body = await response.json();
  } catch (cause) {
    throw new AppError("chain-unreachable", `no answer to ${method} from ${url}`, { temporary: true, cause });
  }
  const reply = Reply.parse(body);
  if ("error" in reply) throw new AppError("chain-refused", `${method}: ${reply.error.message}`);
  return reply.result;
}
