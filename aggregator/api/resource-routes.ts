import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Hash, Instant, Name } from "../../core/message/fields.ts";
import { Instruction, InstructionAck } from "../../core/message/instruction.ts";
import { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { PastPlan } from "../store/plan-history-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandHome, SitePath } from "./site-routes.ts";

/** What is shown of a home's appliances. */
export interface ResourceRoutesOptions {
  store: Pick<AggregatorStore, "resources" | "statuses" | "planHistory">;
  sites: readonly string[];
  now: () => number;
}

const Resources = z.object({
  items: z.array(
    z.object({
      description: Resource.describe("as S2 describes it: ResourceManagerDetails with an OMBC.SystemDescription"),
      status: ResourceStatus.nullable().describe("the last up/status; null before the first"),
    }),
  ),
});
const planStates = ["unanswered", "in-force", "rejected", "superseded", "over"] as const;
const PlanState = z
  .enum(planStates)
  .describe("superseded: the home has accepted a later one; over: the last of its instructions has ended");
const History = z.object({
  items: z.array(
    z.object({
      id: z.int(),
      plan: z.uuid(),
      resource: Name,
      state: PlanState,
      sent: Instant,
      from: Instant.nullable().describe("null: it asks for nothing"),
      until: Instant.nullable(),
      supersedes: z.uuid().nullable().describe("the plan of the appliance before it"),
      supersededBy: z.uuid().nullable(),
      agreement: Hash.nullable().describe("hash of the contract under which it was given; null without one"),
      answer: z
        .object({
          status: InstructionAck.shape.status,
          code: z.string().nullable(),
          message: z.string().nullable(),
          at: Instant.nullable(),
        })
        .nullable(),
      instructions: z.array(Instruction),
    }),
  ),
  next: z.int().nullable(),
});

const resources = createRoute({
  method: "get",
  path: "/v1/sites/{site}/resources",
  tags: ["sites"],
  security: needsToken,
  request: { params: SitePath },
  responses: answers("what may be controlled, and how it stands now", Resources, 401, 403, 404),
});
const history = createRoute({
  method: "get",
  path: "/v1/sites/{site}/plans/history",
  tags: ["sites"],
  security: needsToken,
  request: {
    params: SitePath,
    query: z.object({
      resource: Name.optional(),
      state: z.enum(planStates).optional().describe("only these of the page"),
      cursor: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
  },
  responses: answers("all plans that are kept, newest first, with what the home said to each", History, 400, 401, 403, 404),
});

/** Appliances, and all that they were told. */
export function resourceRoutes(app: Api, { store, sites, now }: ResourceRoutesOptions): void {
  app.openapi(resources, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    const statuses = new Map((await store.statuses(site)).map((status) => [status.resource, status]));
    const items = (await store.resources(site)).map((description) => ({
      description,
      status: statuses.get(description.resource) ?? null,
    }));
    return c.json({ items }, 200);
  });
  app.openapi(history, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    const { resource, state, cursor, limit } = c.req.valid("query");
    const which = { limit, ...(resource !== undefined && { resource }), ...(cursor !== undefined && { before: cursor }) };
    const found = await store.planHistory(site, which);
    const items = found.map((plan) => shown(plan, now()));
    const next = found.length === limit ? (found.at(-1)?.id ?? null) : null;
    return c.json({ items: items.filter((item) => state === undefined || item.state === state), next }, 200);
  });
}

function shown(past: PastPlan, nowMs: number): z.infer<typeof History>["items"][number] {
  const { id, list, sentMs, supersedes, supersededBy, answer } = past;
  const { plan, resource, agreement, instructions } = list;
  return {
    id,
    plan,
    resource,
    state: stateOf(past, nowMs),
    sent: iso(sentMs),
    from: instructions.at(0)?.executionTime ?? null,
    until: instructions.at(-1)?.validUntil ?? null,
    supersedes,
    supersededBy,
    agreement: agreement ?? null,
    answer: answer && {
      status: answer.status,
      code: answer.code,
      message: answer.message,
      at: answer.atMs === null ? null : iso(answer.atMs),
    },
    instructions,
  };
}

function stateOf({ list, answer, supersededBy }: PastPlan, nowMs: number): (typeof planStates)[number] {
  if (answer?.status === "REJECTED") return "rejected";
  if (supersededBy !== null) return "superseded";
  const last = list.instructions.at(-1);
  if (last && Date.parse(last.validUntil) <= nowMs) return "over";
  return answer ? "in-force" : "unanswered";
}
