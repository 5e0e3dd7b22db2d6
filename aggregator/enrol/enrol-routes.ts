import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { z } from "zod";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import { EnrolRequest, RenewRequest, type EraseAnswer } from "../../core/message/enrolment.ts";
import { parseAs } from "../../core/parse-as.ts";
import { problemOf } from "../../core/problem.ts";
import type { Client, Desk } from "./desk.ts";
import type { GuessLimit } from "./guess-limit.ts";

const maxBodyBytes = 32 * 1024;

/** Everything else that goes wrong is ours (500). */
const statusOf: Record<string, 400 | 401 | 403 | 404 | 409 | 410 | 429> = {
  "enrol-bad-request": 400,
  "enrol-reserved-name": 400,
  "enrol-no-certificate": 401,
  "enrol-revoked": 403,
  "enrol-code-unknown": 404,
  "enrol-unknown-site": 404,
  "enrol-code-used": 409,
  "enrol-code-expired": 410,
  "enrol-too-many-tries": 429,
};

/** `POST /enrol` by code; `POST /renew` and `POST /erase` by client certificate. Errors as application/problem+json. */
export function enrolRoutes({ desk, guesses, log }: { desk: Desk; guesses: GuessLimit; log: Log }): Hono<{
  Bindings: HttpBindings;
}> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new AppError("enrol-bad-request", `more than ${maxBodyBytes} bytes`);
      },
    }),
  );
  app.post("/enrol", async (c) => {
    const address = c.env.incoming.socket.remoteAddress ?? "";
    if (!guesses.allow(address))
      throw new AppError("enrol-too-many-tries", "too many tries; wait a minute and try again", { temporary: true });
    return c.json(await desk.enrol(parsed(EnrolRequest, await c.req.text())));
  });
  app.post("/renew", async (c) => {
    const client = clientOf(c.env.incoming);
    return c.json(await desk.renew(parsed(RenewRequest, await c.req.text()), client));
  });
  app.post("/erase", async (c) => {
    const erased = await desk.erase(clientOf(c.env.incoming));
    return c.json({ v: 1, erased } satisfies EraseAnswer);
  });
  const problem = (status: number, code: string, detail: string): Response =>
    new Response(JSON.stringify(problemOf(status, code, detail)), {
      status,
      headers: { "content-type": "application/problem+json" },
    });
  app.notFound((c) => problem(404, "unknown-path", `nothing at ${c.req.path}`));
  app.onError((error) => {
    const status = statusOf[errorCode(error)];
    if (status === undefined) log.error({ code: errorCode(error), error: errorMessage(error) }, "enrolment failed");
    else log.warn({ code: errorCode(error), error: errorMessage(error) }, "enrolment refused");
    return problem(status ?? 500, status === undefined ? "unexpected" : errorCode(error), errorMessage(error));
  });
  return app;
}

function parsed<S extends z.ZodType>(schema: S, text: string): z.output<S> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new AppError("enrol-bad-request", "the body is not JSON", { cause });
  }
  return parseAs(schema, body, "enrol-bad-request");
}

/** @throws AppError enrol-no-certificate */
function clientOf({ socket }: IncomingMessage): Client {
  if (socket instanceof TLSSocket && socket.authorized) {
    const { subject, serialNumber } = socket.getPeerCertificate();
    if (typeof subject?.CN === "string") return { site: subject.CN, serial: serialNumber.toLowerCase() };
  }
  throw new AppError("enrol-no-certificate", "this is only for a gateway with a certificate of this aggregator that still holds");
}
