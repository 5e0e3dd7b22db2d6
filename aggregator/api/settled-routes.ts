import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Instant, Micro } from "../../core/message/fields.ts";
import { recordKinds } from "../../core/message/settlement-message.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { addUp, startOfStep, steps } from "./settled-sums.ts";
import { boundTo, demandRole } from "./token.ts";

/** What was settled and what that cost. */
export interface SettledRoutesOptions {
  store: Pick<AggregatorStore, "settledSums" | "spentSums">;
  /** The aggregator's own party; null without settlement. */
  owner: string | null;
}

const Span = z.object({ from: Instant, to: Instant });
/** Longest span of one question. */
const mostDays = 400;

const Sums = z.object({
  items: z.array(
    z.object({
      site: z.string(),
      from: Instant.describe("start of the day or month (UTC) in which service periods begin; of the span for `all`"),
      kind: z.enum(recordKinds),
      records: z.int().describe("that both have signed"),
      wh: z.int(),
      householdOwes: Micro,
      aggregatorOwes: Micro,
    }),
  ),
});
const Spending = z.object({
  items: z.array(
    z.object({
      chainId: z.int(),
      what: z.string().describe("the call"),
      transactions: z.int(),
      gas: z.string(),
      blobGas: z.string(),
      feeWei: z.string().describe("execution and blobs, as paid"),
      records: z.int().describe("that these transactions put into epochs, or paid for"),
    }),
  ),
  feeWei: z.string(),
  records: z.int().describe("put into epochs"),
  feeWeiPerRecord: z.string().nullable().describe("all fees by the records put into epochs, rounded up; null without any"),
});

const sums = createRoute({
  method: "get",
  path: "/v1/settlement/statistics",
  tags: ["settlement"],
  security: needsToken,
  request: { query: Span.extend({ step: z.enum(steps).default("day"), site: z.string().optional() }) },
  responses: answers("energy, money and rewards by home, kind and time", Sums, 400, 401, 403),
});
const spending = createRoute({
  method: "get",
  path: "/v1/settlement/spending",
  tags: ["settlement"],
  security: needsToken,
  request: { query: Span },
  responses: answers("what the aggregator's own transactions have cost", Spending, 400, 401, 403),
});

/** Statistics of settlement by party and period, and the cost of a record. */
export function settledRoutes(app: Api, { store, owner }: SettledRoutesOptions): void {
  app.openapi(sums, async (c) => {
    const { step, site, ...span } = c.req.valid("query");
    const found = await store.settledSums({ ...spanOf(span), site: boundTo(c.get("caller"), site) });
    const items = addUp(found, { step, fromMs: Date.parse(span.from), owner }).map((sum) => ({
      site: sum.site,
      from: iso(startOfStep(sum.dayMs, step, Date.parse(span.from))),
      kind: sum.kind,
      records: sum.records,
      wh: sum.wh,
      householdOwes: String(sum.householdOwes),
      aggregatorOwes: String(sum.aggregatorOwes),
    }));
    return c.json({ items }, 200);
  });
  app.openapi(spending, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const found = await store.spentSums(spanOf(c.req.valid("query")));
    const feeWei = found.reduce((sum, one) => sum + one.feeWei, 0n);
    const records = found.filter(({ what }) => what === "commit").reduce((sum, one) => sum + one.records, 0);
    return c.json(
      {
        items: found.map((one) => ({
          chainId: one.chainId,
          what: one.what,
          transactions: one.transactions,
          gas: String(one.gas),
          blobGas: String(one.blobGas),
          feeWei: String(one.feeWei),
          records: one.records,
        })),
        feeWei: String(feeWei),
        records,
        feeWeiPerRecord: records === 0 ? null : String((feeWei + BigInt(records) - 1n) / BigInt(records)),
      },
      200,
    );
  });
}

/** @throws AppError bad-query */
function spanOf({ from, to }: z.infer<typeof Span>): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (!(fromMs < toMs) || toMs - fromMs > mostDays * 86_400_000)
    throw new AppError("bad-query", `to must be after from, by ${mostDays} days at most`);
  return { fromMs, toMs };
}
