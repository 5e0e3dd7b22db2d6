import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandRole } from "./token.ts";

/** Who did what. */
export interface AuditRoutesOptions {
  store: Pick<AggregatorStore, "audit">;
}

const Audit = z.object({
  items: z.array(
    z.object({
      id: z.int(),
      at: Instant,
      who: z.string().describe("cli USER, token ID or gateway SITE"),
      action: z.string(),
      site: z.string().nullable().describe("the home that it is about"),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
  next: z.int().nullable(),
});

const list = createRoute({
  method: "get",
  path: "/v1/audit",
  tags: ["audit"],
  security: needsToken,
  request: {
    query: z.object({
      site: z.string().optional(),
      cursor: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: answers("what operators and gateways did, newest first; entries are never changed", Audit, 400, 401, 403),
});

/** The audit log, for operators and auditors. */
export function auditRoutes(app: Api, { store }: AuditRoutesOptions): void {
  app.openapi(list, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const { site, cursor, limit } = c.req.valid("query");
    const which = { limit, ...(site !== undefined && { site }), ...(cursor !== undefined && { before: cursor }) };
    const items = (await store.audit(which)).map(({ atMs, ...entry }) => ({ ...entry, at: iso(atMs) }));
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null }, 200);
  });
}
