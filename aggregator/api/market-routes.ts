import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Instant, Micro } from "../../core/message/fields.ts";
import type { MarketDesk } from "../flexibility/market-desk.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { KeptOrder } from "../store/flex-order-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandRole, whoIs } from "./token.ts";

/** What is shown of the grid operator's market. */
export interface MarketRoutesOptions {
  store: Pick<AggregatorStore, "flexOrders" | "openFlexSettlements">;
  /** Null where there is no market; left out likewise. */
  market?: () => Pick<MarketDesk, "sessions" | "withdraw"> | null;
}

const Span = z.object({ from: Instant, to: Instant });
const Watts = z.array(z.int());
const Session = z.object({
  point: z.string(),
  feeder: z.string(),
  date: z.string(),
  prognosisW: Watts.describe("mean power of each slot if nobody asks"),
  revision: z.int(),
  answered: z.int().describe("requests that were answered"),
  offer: z.object({ price: Micro, powerW: Watts }).nullable().describe("the newest that may be ordered"),
  order: z.string().nullable().describe("its reference, where one binds"),
  withdrawn: z.boolean(),
  refusals: z.array(z.string()).describe("what the grid operator refused, with its words, the newest first"),
});
const Order = z.object({
  reference: z.string(),
  point: z.string(),
  date: z.string(),
  from: Instant,
  until: Instant,
  orderedAt: Instant,
  price: Micro.describe("for all of it"),
  penaltyPerKwh: Micro.describe("for what is missing"),
  askedWh: z.int().describe("moved as it was asked for"),
  state: z.enum(["binds", "delivered", "waits-for-meters", "agreed"]),
  net: Micro.nullable().describe("what it came to, once both agree; below 0 it is owed to the grid operator"),
  agreedAt: Instant.nullable(),
});

const sessions = createRoute({
  method: "get",
  path: "/v1/market/sessions",
  tags: ["market"],
  security: needsToken,
  responses: answers("what was told, asked and offered for days to come", z.object({ items: z.array(Session) }), 401, 403),
});
const orders = createRoute({
  method: "get",
  path: "/v1/market/orders",
  tags: ["market"],
  security: needsToken,
  request: { query: Span },
  responses: answers(
    "orders of the grid operator whose days touch the time",
    z.object({ items: z.array(Order), net: Micro.describe("of all items that are agreed on") }),
    400,
    401,
    403,
  ),
});
const withdraw = createRoute({
  method: "post",
  path: "/v1/market/sessions/{point}/{date}/withdrawal",
  tags: ["market"],
  security: needsToken,
  request: { params: z.object({ point: z.string().min(1).max(80), date: z.iso.date() }) },
  responses: answers(
    "takes back what was offered for a day, and offers nothing more for it; an order stands",
    z.object({ point: z.string(), date: z.string(), withdrawn: z.literal(true) }),
    400,
    401,
    403,
    404,
    409,
  ),
});

/** Sessions and orders of the grid operator's market. */
export function marketRoutes(app: Api, { store, market, now }: MarketRoutesOptions & { now: () => number }): void {
  app.openapi(sessions, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const items = (market?.()?.sessions() ?? []).map(({ offer, order, prognosisW, refusals, ...rest }) => ({
      ...rest,
      prognosisW: [...prognosisW],
      refusals: [...refusals],
      offer: offer && { price: String(offer.price), powerW: [...offer.powerW] },
      order: order?.reference ?? null,
    }));
    return c.json({ items }, 200);
  });
  app.openapi(orders, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const { from, to } = c.req.valid("query");
    const found = await store.flexOrders(Date.parse(from), Date.parse(to));
    const waiting = new Set((await store.openFlexSettlements()).map(({ reference }) => reference));
    const items = found.map((order) => orderLine(order, waiting, now()));
    return c.json({ items, net: String(found.reduce((sum, { netMicro }) => sum + (netMicro ?? 0n), 0n)) }, 200);
  });
  app.openapi(withdraw, async (c) => {
    demandRole(c.get("caller"), "operator");
    const { point, date } = c.req.valid("param");
    const desk = market?.();
    if (!desk) throw new AppError("flex-no-session", "this aggregator is at no market: its configuration has no market section");
    await desk.withdraw({ point, date }, whoIs(c.get("caller")));
    return c.json({ point, date, withdrawn: true as const }, 200);
  });
}

function orderLine(order: KeptOrder, waiting: ReadonlySet<string>, nowMs: number): z.infer<typeof Order> {
  const { reference, point, date, startMs, endMs, powerW, baselineW, asked, slotMinutes } = order;
  const askedW = asked.reduce((sum, direction, slot) => sum + ((baselineW[slot] ?? 0) - (powerW[slot] ?? 0)) * direction, 0);
  return {
    reference,
    point,
    date,
    from: iso(startMs),
    until: iso(endMs),
    orderedAt: iso(order.orderedMs),
    price: String(order.price),
    penaltyPerKwh: String(order.penaltyPerKwh),
    askedWh: Math.round((askedW * slotMinutes) / 60),
    state:
      order.netMicro !== null ? "agreed" : waiting.has(reference) ? "waits-for-meters" : nowMs < endMs ? "binds" : "delivered",
    net: order.netMicro === null ? null : String(order.netMicro),
    agreedAt: order.agreedMs === null ? null : iso(order.agreedMs),
  };
}
