import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { EventFeed } from "../observe/event-feed.ts";
import type { TokenStore } from "../store/token-store.ts";
import type { Api } from "./api-app.ts";
import { needsToken, problems } from "./describe.ts";
import { eventStream } from "./event-stream.ts";
import { boundTo, callerOf } from "./token.ts";

/** What happens, as it happens. */
export interface EventRoutesOptions {
  feed: EventFeed;
  tokens: Pick<TokenStore, "tokenByHash">;
  clock: Clock;
  /** Ends all streams. */
  signal: AbortSignal;
}

/** Streams of all callers, and of one. Browsers open six connections to one host. */
const mostStreams = 200;
const mostOfOne = 6;
/** A proxy closes what is silent for a minute; a token that was revoked ends its streams within this time, too. */
const aliveMs = 15_000;

const events = createRoute({
  method: "get",
  path: "/v1/events",
  tags: ["events"],
  security: needsToken,
  request: {
    headers: z.object({ "last-event-id": z.string().max(100).optional().describe("goes on after this one") }),
  },
  responses: {
    200: {
      description: "what happens from now on: state, plan, answer, dispute, operator, config; reset where some of it was missed",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...problems(401, 503),
  },
});

/** Server-sent events; a household hears of its own home only. */
export function eventRoutes(app: Api, { feed, tokens, clock, signal }: EventRoutesOptions): void {
  const open = new Map<string, number>();
  app.openapi(events, (c) => {
    const caller = c.get("caller");
    const site = boundTo(caller);
    const who = caller.role === "public" ? "" : caller.token;
    const count = open.get(who) ?? 0;
    const all = [...open.values()].reduce((sum, one) => sum + one, 0);
    if (all >= mostStreams || count >= mostOfOne)
      throw new AppError("events-too-many", `${count} streams of this token are open, ${all} in all; close one, then try again`);
    open.set(who, count + 1);
    const authorization = c.req.header("authorization");
    const stream = eventStream({
      feed,
      after: c.req.valid("header")["last-event-id"],
      isMeant: (event) => site === null || event.site === site,
      onEnd() {
        const left = (open.get(who) ?? 1) - 1;
        if (left > 0) open.set(who, left);
        else open.delete(who);
      },
    });
    const ending = AbortSignal.any([signal, stream.ended]);
    const stillGood = async (): Promise<void> => {
      // Without a token the API is open, and that does not end.
      if (authorization !== undefined) await callerOf(authorization, { store: tokens, nowMs: clock.now() });
      stream.alive();
    };
    clock.every(aliveMs, () => stillGood().catch(() => stream.close()), ending);
    signal.addEventListener("abort", stream.close, { once: true, signal: stream.ended });
    return c.body(stream.body, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  });
}
