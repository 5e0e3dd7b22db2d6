import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Consent } from "../../core/consent.ts";
import { Instant } from "../../core/message/fields.ts";
import { InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import { ResourceStatus, SiteState } from "../../core/message/resource.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { boundTo, type Caller, demandReader } from "./token.ts";

/** What is shown of homes. */
export interface SiteRoutesOptions {
  store: Pick<AggregatorStore, "itemCounts" | "consents" | "gaps" | "plans" | "statuses">;
  sites: readonly string[];
  /** Newest state by site, from the home itself or its Last Will. */
  states: ReadonlyMap<string, SiteState["state"]>;
  /** Whether a home gets no flexibility because it does not sign what it is supplied with. */
  isUnsettled: (site: string) => boolean;
}

/** The path of what concerns one home. */
export const SitePath = z.object({ site: z.string() });
const Span = z.object({ from: Instant, to: Instant });

const State = z.union([SiteState.shape.state, z.literal("unknown")]).describe("the last up/state; unknown before the first");
const Sites = z.object({
  items: z.array(
    z.object({
      site: z.string(),
      state: State,
      rows: z.int(),
      unsettled: z.boolean().describe("it is supplied and does not sign, so nothing is asked of it"),
    }),
  ),
});
const Consents = z.object({ items: z.array(Consent.extend({ signed: z.string().describe("compact JWS of the gateway") })) });
const Gaps = z.object({
  items: z.array(z.object({ kind: z.enum(["readings", "slots"]), from: Instant, to: Instant, reason: z.string() })),
});
const Plans = z.object({
  items: z.array(
    InstructionList.extend({ answer: InstructionAck.shape.status.nullable(), code: z.string().nullable() }).describe(
      "the newest plan of each appliance and what the home said to it",
    ),
  ),
  status: z.array(ResourceStatus),
});

const list = createRoute({
  method: "get",
  path: "/v1/sites",
  tags: ["sites"],
  security: needsToken,
  responses: answers("the homes that the token may see", Sites, 401),
});
const consents = createRoute({
  method: "get",
  path: "/v1/sites/{site}/consents",
  tags: ["sites"],
  security: needsToken,
  request: { params: SitePath },
  responses: answers("all that the household has said about its data, oldest first", Consents, 401, 403, 404),
});
const gaps = createRoute({
  method: "get",
  path: "/v1/sites/{site}/gaps",
  tags: ["sites"],
  security: needsToken,
  request: { params: SitePath, query: Span },
  responses: answers("what never came of a home", Gaps, 400, 401, 403, 404),
});
const plans = createRoute({
  method: "get",
  path: "/v1/sites/{site}/plans",
  tags: ["sites"],
  security: needsToken,
  request: { params: SitePath },
  responses: answers("the newest plans and how the appliances stand", Plans, 401, 403, 404),
});

/** Homes, what they allowed, what is missing of them, and what they were told. */
export function siteRoutes(app: Api, { store, sites, states, isUnsettled }: SiteRoutesOptions): void {
  app.openapi(list, async (c) => {
    const bound = boundTo(c.get("caller"));
    const rows = new Map((await store.itemCounts(bound)).map((count) => [count.site, count.rows]));
    const shown = sites.filter((site) => bound === null || site === bound);
    const items = shown.map((site) => ({
      site,
      state: states.get(site) ?? ("unknown" as const),
      rows: rows.get(site) ?? 0,
      unsettled: isUnsettled(site),
    }));
    return c.json({ items }, 200);
  });
  app.openapi(consents, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    return c.json({ items: (await store.consents(site)).map(({ consent, text }) => ({ ...consent, signed: text })) }, 200);
  });
  app.openapi(gaps, async (c) => {
    const { site } = c.req.valid("param");
    const { from, to } = c.req.valid("query");
    demandHome(c.get("caller"), site, sites);
    const found = await store.gaps(site, Date.parse(from), Date.parse(to));
    const items = found.map(({ kind, fromMs, toMs, reason }) => ({ kind, from: iso(fromMs), to: iso(toMs), reason }));
    return c.json({ items }, 200);
  });
  app.openapi(plans, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    const items = (await store.plans(site)).map(({ list: made, status, code }) => ({ ...made, answer: status, code }));
    return c.json({ items, status: await store.statuses(site) }, 200);
  });
}

/**
 * That a caller may read what concerns a home, and that there is one: in this order, so that nobody learns which there are.
 * @throws AppError token-missing, token-not-enough, unknown-site
 */
export function demandHome(caller: Caller, site: string, sites: readonly string[]): void {
  demandReader(caller, site);
  if (!sites.includes(site)) throw new AppError("unknown-site", `no site "${site}" here`);
}
