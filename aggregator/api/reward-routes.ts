import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Hash, Instant, Micro } from "../../core/message/fields.ts";
import { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import { type EventView, type RewardView, viewEvent, viewReward } from "../reward/reward-views.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandHome, SitePath } from "./site-routes.ts";
import { boundTo, demandRole } from "./token.ts";

/** What is shown of flexibility. */
export interface RewardRoutesOptions {
  store: Pick<AggregatorStore, "events" | "planAnswer" | "rewards" | "income">;
  sites: readonly string[];
}

const Span = z.object({ from: Instant, to: Instant });

const EventLine = z.object({
  site: z.string(),
  plan: z.uuid(),
  resource: z.string(),
  agreement: Hash.describe("hash of the contract that it is under"),
  meter: z.string(),
  baseline: FlexibilityEvidence.shape.events.element.shape.baseline,
  start: Instant,
  end: Instant,
  powerW: z.int().nullable().describe("rated power of the device; null for a whole house"),
  state: z
    .enum(["counts", "overridden", "excused", "refused", "unanswered"])
    .describe("overridden: by a resident; excused: a loss is forgiven; refused or unanswered: nothing was controlled"),
}) satisfies z.ZodType<EventView>;
const RewardLine = z.object({
  site: z.string(),
  start: Instant,
  end: Instant,
  agreement: Hash,
  earned: Micro.describe("by its own flexibility, netted"),
  amount: Micro,
  fundedPpm: z.int().nullable().describe("how much of the agreed share there was to pay from; null without events"),
  plans: z.array(z.uuid()).describe("of the events that it is for"),
}) satisfies z.ZodType<RewardView>;
const Events = z.object({ items: z.array(EventLine) });
const Rewards = z.object({ items: z.array(RewardLine), amount: Micro.describe("of all items") });
const Income = z.object({
  items: z.array(z.object({ start: Instant, end: Instant, source: z.string(), micro: Micro })),
  micro: Micro.describe("of all items"),
});

const events = createRoute({
  method: "get",
  path: "/v1/sites/{site}/events",
  tags: ["flexibility"],
  security: needsToken,
  request: { params: SitePath, query: Span },
  responses: answers("when a home was under control, events that touch the time", Events, 400, 401, 403, 404),
});
const siteRewards = createRoute({
  method: "get",
  path: "/v1/sites/{site}/rewards",
  tags: ["flexibility"],
  security: needsToken,
  request: { params: SitePath, query: Span },
  responses: answers("its rewards, of service days that begin in the time", Rewards, 400, 401, 403, 404),
});
const rewards = createRoute({
  method: "get",
  path: "/v1/rewards",
  tags: ["flexibility"],
  security: needsToken,
  request: { query: Span },
  responses: answers("the same of all homes that the token may see", Rewards, 400, 401, 403),
});
const income = createRoute({
  method: "get",
  path: "/v1/flexibility/income",
  tags: ["flexibility"],
  security: needsToken,
  request: { query: Span },
  responses: answers("what rewards are paid from, by day and source", Income, 400, 401, 403),
});

const sum = (amounts: readonly bigint[]): string => String(amounts.reduce((all, one) => all + one, 0n));

/** Events, rewards, and what they are paid from. */
export function rewardRoutes(app: Api, { store, sites }: RewardRoutesOptions): void {
  const rewardsOf = async (site: string | null, { from, to }: z.output<typeof Span>) => {
    const found = await store.rewards(site, Date.parse(from), Date.parse(to));
    return { items: found.map(viewReward), amount: sum(found.map(({ amount }) => amount)) };
  };
  app.openapi(events, async (c) => {
    const { site } = c.req.valid("param");
    const { from, to } = c.req.valid("query");
    demandHome(c.get("caller"), site, sites);
    const items: EventView[] = [];
    for (const event of await store.events(site, Date.parse(from), Date.parse(to)))
      items.push(viewEvent(event, await store.planAnswer(site, event.plan)));
    return c.json({ items }, 200);
  });
  app.openapi(siteRewards, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    return c.json(await rewardsOf(site, c.req.valid("query")), 200);
  });
  app.openapi(rewards, async (c) => c.json(await rewardsOf(boundTo(c.get("caller")), c.req.valid("query")), 200));
  app.openapi(income, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const { from, to } = c.req.valid("query");
    const found = await store.income(Date.parse(from), Date.parse(to));
    const items = found.map(({ startMs, endMs, source, micro }) => ({
      start: iso(startMs),
      end: iso(endMs),
      source,
      micro: String(micro),
    }));
    return c.json({ items, micro: sum(found.map(({ micro }) => micro)) }, 200);
  });
}
