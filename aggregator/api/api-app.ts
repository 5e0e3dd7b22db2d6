import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { bodyRefusals } from "../../core/body-refusals.ts";
import type { Log } from "../../core/log.ts";
import { problemOf } from "../../core/problem.ts";
import { requestIssues } from "../../core/request-issues.ts";
import type { TokenStore } from "../store/token-store.ts";
import { type Caller, callerOf } from "./token.ts";

/** The HTTP API while its routes are added; `caller` is who asks. */
export type Api = OpenAPIHono<{ Variables: { caller: Caller } }>;

/** What every part of the API needs. */
export interface ApiBasis {
  tokens: Pick<TokenStore, "tokenByHash">;
  /** Whoever asks without a token is the operator; for one machine's own use. */
  open: boolean;
  now: () => number;
  log: Log;
}

/** Nothing that is asked here is longer; what is longer is not read, whoever sends it. */
const mostBodyBytes = 16 * 1024;

/** Everything else that goes wrong is ours (500). */
const statusOf: Record<string, number> = {
  "bad-query": 400,
  "token-missing": 401,
  "token-bad": 401,
  "token-not-enough": 403,
  "unknown-site": 404,
  "unknown-record": 404,
  "unknown-path": 404,
  "dispute-unknown": 404,
  "flex-no-session": 404,
  "flex-order-binding": 409,
  "not-cosigned": 409,
  "dispute-resolved": 409,
  "dispute-not-by-home": 409,
  "dispute-no-such-figures": 409,
  "events-too-many": 503,
  "dispute-no-evidence": 409,
  "chain-unreachable": 503,
};

/** An API without routes: who asks is known, and what fails is answered as application/problem+json (RFC 9457). */
export function apiApp({ tokens, open, now, log }: ApiBasis): Api {
  const app: Api = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw new AppError("bad-query", requestIssues(result.error));
    },
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "made by smart-mla aggregator token create",
  });
  app.use(
    bodyLimit({
      maxSize: mostBodyBytes,
      onError: () => {
        throw new AppError("bad-query", `a body of more than ${mostBodyBytes} bytes is not read`);
      },
    }),
  );
  app.use(async (c, next) => {
    const caller = await callerOf(c.req.header("authorization"), { store: tokens, nowMs: now() });
    c.set("caller", open && caller.role === "public" ? { role: "operator", site: null, token: "open" } : caller);
    await next();
  });
  app.notFound((c) => problem(404, "unknown-path", `nothing at ${c.req.path}; /openapi.json lists what there is`));
  app.onError((error) => {
    const code = errorCode(error);
    const status = statusOf[code];
    if (status !== undefined) return problem(status, code, errorMessage(error));
    // What the library itself refuses: a body that is no JSON, or is said to be something else.
    const refused = "status" in error ? bodyRefusals.get(error.status) : undefined;
    if (refused !== undefined) return problem(400, "bad-query", refused);
    log.error({ code, error: errorMessage(error) }, "request failed");
    // What went wrong inside is the operator's to read, in the log.
    return problem(500, "unexpected", "a mistake in the program or its surroundings; the log of the aggregator says more");
  });
  app.get("/healthz", (c) => c.json({ ok: true }));
  return app;
}

function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify(problemOf(status, code, detail)), {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(status === 401 && { "www-authenticate": 'Bearer realm="smart-mla"' }),
    },
  });
}
