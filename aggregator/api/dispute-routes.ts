import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Instant, Micro } from "../../core/message/fields.ts";
import { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { type DisputeView, resolutions, resolveDispute, viewDispute } from "../settle/resolve-dispute.ts";
import { evidenceOfCase } from "../settle/unsigned-import.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { boundTo, demandRole, whoIs } from "./token.ts";

/** The operator's queue. */
export interface DisputeRoutesOptions {
  store: AggregatorStore;
  now: () => number;
}

const Debt = z.object({
  from: Instant,
  until: Instant,
  wh: z.int(),
  amount: Micro,
  unpricedWh: z.int().describe("energy that no announced price is known for; not in the amount"),
});
const ListedDispute = z.object({
  id: z.int(),
  site: z.string(),
  seq: z.int(),
  source: z.enum(["home", "chain", "aggregator"]).describe("who says so; aggregator: the home is supplied and does not sign"),
  code: z.string(),
  message: z.string(),
  at: Instant,
  record: RecordWire.nullable().describe("what was proposed, or what the chain did not settle"),
  own: z.unknown().describe("the home's own figures, as it sent them; of a home that does not sign what was metered then"),
  proposed: z.object({ wh: z.int(), amount: Micro }).nullable(),
  slots: z
    .object({ first: z.int().nullable(), last: z.int().nullable() })
    .nullable()
    .describe("Wh that the slots would give which count now, and those that the home sent last"),
  unsigned: Debt.nullable().describe("what a home that does not sign owes by now"),
  resolution: z.enum(["again", "home", "skip", "settled", "signed"]).nullable().describe("null while it waits for a person"),
  resolvedAt: Instant.nullable(),
});
const Disputes = z.object({ items: z.array(ListedDispute), next: z.int().nullable() });

const list = createRoute({
  method: "get",
  path: "/v1/disputes",
  tags: ["settlement"],
  security: needsToken,
  request: {
    query: z.object({
      cursor: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(200).default(100),
      all: z.enum(["true", "false"]).default("false").describe("what is resolved, too"),
    }),
  },
  responses: answers("what homes dispute and what the chain did not settle, with both sides' figures", Disputes, 400, 401),
});
const resolve = createRoute({
  method: "post",
  path: "/v1/disputes/{id}/resolution",
  tags: ["settlement"],
  security: needsToken,
  request: {
    params: z.object({ id: z.coerce.number().int().min(1) }),
    body: { required: true, content: { "application/json": { schema: z.strictObject({ how: z.enum(resolutions) }) } } },
  },
  responses: answers(
    "how a person decided: propose again from the slots here, from those that the home sent last, or leave the period out",
    z.object({ id: z.int(), site: z.string(), seq: z.int(), resolution: z.enum(resolutions) }),
    400,
    401,
    403,
    404,
    409,
  ),
});

const evidence = createRoute({
  method: "get",
  path: "/v1/disputes/{id}/evidence",
  tags: ["settlement"],
  security: needsToken,
  request: { params: z.object({ id: z.string() }) },
  responses: answers(
    "what a home that does not sign was supplied with: its own rows of its grid meter, and what they cost",
    Debt.extend({ site: z.string(), record: RecordWire.describe("that waits for the home"), slots: Evidence.shape.slots }),
    401,
    403,
    404,
    409,
  ),
});

/** Disputes, and the operator's word on them. */
export function disputeRoutes(app: Api, { store, now }: DisputeRoutesOptions): void {
  app.openapi(list, async (c) => {
    const { cursor, limit, all } = c.req.valid("query");
    const site = boundTo(c.get("caller"));
    const found = await store.disputes({ open: all === "false", after: cursor, limit, ...(site !== null && { site }) });
    const items: z.infer<typeof ListedDispute>[] = [];
    for (const dispute of found) items.push(listed(await viewDispute(store, dispute, now())));
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null }, 200);
  });
  app.openapi(evidence, async (c) => {
    const { id: text } = c.req.valid("param");
    const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
    const bound = boundTo(c.get("caller"));
    const known = await store.disputeOf(id);
    // A household learns nothing of the queue's other entries, not even that they are there.
    if (!known || (bound !== null && known.site !== bound)) throw new AppError("dispute-unknown", `there is no dispute ${text}`);
    const { amount, ...rest } = await evidenceOfCase(store, id, now());
    return c.json({ ...rest, amount: String(amount) }, 200);
  });
  app.openapi(resolve, async (c) => {
    demandRole(c.get("caller"), "operator");
    const { id } = c.req.valid("param");
    const { how } = c.req.valid("json");
    const { site, seq } = await resolveDispute(store, id, how, now(), whoIs(c.get("caller")));
    return c.json({ id, site, seq, resolution: how }, 200);
  });
}

const listed = ({ atMs, resolvedMs, ...view }: DisputeView): z.infer<typeof ListedDispute> => ({
  ...view,
  at: iso(atMs),
  resolvedAt: resolvedMs === null ? null : iso(resolvedMs),
});
