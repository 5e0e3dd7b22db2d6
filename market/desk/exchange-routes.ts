import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { bodyRefusals } from "../../core/body-refusals.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import {
  AllocationsDown,
  AllocationsUp,
  AuctionResults,
  BalancingPrices,
  ExchangeRules,
  ExchangeSettlementDown,
  ExchangeSettlementUp,
  OrdersDown,
  OrdersUp,
  OwnDown,
  OwnRecords,
  OwnUp,
  type SignedRequest,
} from "../../core/message/exchange-http.ts";
import { Address, Instant } from "../../core/message/fields.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { parseAs } from "../../core/parse-as.ts";
import { problemOf } from "../../core/problem.ts";
import { requestIssues } from "../../core/request-issues.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { headRequestSigner } from "../../settlement/record/head-request.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import type { ExchangeRecordStore } from "../store/exchange-record-store.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";
import type { ClearingHouse } from "./clearing-house.ts";
import type { ExchangeChain } from "./exchange-chain.ts";
import type { ExchangeDesk } from "./exchange-desk.ts";

/** What the API shows and takes. */
export interface ExchangeRoutesOptions {
  rules: ExchangeRules;
  domain: SettlementDomain;
  /** By owner address. */
  agreements: ReadonlyMap<string, SignedAgreement>;
  /** Owner addresses of suppliers by that of whom they supply. */
  suppliers: ReadonlyMap<string, string>;
  /** Slots that begin before have no auction any more, ms. */
  closedUntilMs: () => number;
  desk: ExchangeDesk;
  house: ClearingHouse;
  anchor: Pick<ExchangeChain, "bundleOf">;
  /** What a party published of an epoch; null where this is not that party, or before the chain has it. */
  logBytesOf: (by: string, epoch: number) => Promise<Uint8Array | null>;
  store: Pick<ExchangeStore, "addMetered" | "allocations">;
  records: Pick<ExchangeRecordStore, "at" | "all">;
  chain: Pick<ChainReader, "partyOf">;
  balancing: readonly PriceSeries[];
  version: string;
  clock: Pick<Clock, "now">;
  log: Log;
}

const mostBodyBytes = 1024 * 1024;
/** How far the clock of who asks may be off. */
const skewMs = 120_000;

const Problem = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
  .meta({ id: "Problem", description: "RFC 9457; title is the code" });

const answers = <S extends z.ZodType>(description: string, schema: S) => ({
  200: { description, content: { "application/json": { schema } } },
  400: { description: "malformed", content: { "application/problem+json": { schema: Problem } } },
  403: {
    description: "not signed by a participant's key, or too long ago",
    content: { "application/problem+json": { schema: Problem } },
  },
  503: { description: "the chain does not answer; try again", content: { "application/problem+json": { schema: Problem } } },
});
const body = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { "application/json": { schema } } },
});

const routesOf = {
  rules: createRoute({ method: "get", path: "/v1/rules", responses: answers("what holds for all", ExchangeRules) }),
  results: createRoute({
    method: "get",
    path: "/v1/results",
    request: { query: z.object({ from: Instant }) },
    responses: answers(
      "auctions with trades, of slots that begin then or later, at most the last 5,000; nothing of one before it is over",
      AuctionResults,
    ),
  }),
  balancing: createRoute({
    method: "get",
    path: "/v1/balancing",
    responses: answers("prices of what is traded and not done", BalancingPrices),
  }),
  orders: createRoute({
    method: "post",
    path: "/v1/orders",
    request: body(OrdersUp),
    responses: answers("whether each was taken: the forecast first, then revocations, then orders", OrdersDown),
  }),
  own: createRoute({
    method: "post",
    path: "/v1/own",
    request: body(OwnUp),
    responses: answers("own orders and trades of slots that are not over, and escrow that is free", OwnDown),
  }),
  settlement: createRoute({
    method: "post",
    path: "/v1/settlement",
    request: body(ExchangeSettlementUp),
    responses: answers("countersignatures, and the record that is next", ExchangeSettlementDown),
  }),
  allocations: createRoute({
    method: "post",
    path: "/v1/allocations",
    request: body(AllocationsUp),
    responses: answers(
      "what a participant traded in slots whose gate is closed; for its supplier, who signs for the two",
      AllocationsDown,
    ),
  }),
  records: createRoute({
    method: "post",
    path: "/v1/records",
    request: body(OwnUp),
    responses: answers("own records by number", OwnRecords),
  }),
  bundle: createRoute({
    method: "post",
    path: "/v1/records/{seq}/bundle",
    request: { params: z.object({ seq: z.coerce.number().int().positive() }), ...body(OwnUp) },
    responses: answers("all that proves one own record", Bundle),
  }),
};

const LogPath = z.object({ by: Address, epoch: z.coerce.number().int().min(1) });
/** What is no JSON is only described by the library, and answered by ourselves. */
const logData = createRoute({
  method: "get",
  path: "/v1/log/{by}/{epoch}",
  request: { params: LogPath },
  responses: {
    200: {
      description: "what was published of an epoch; anybody can check it against the root on chain",
      content: { "application/octet-stream": { schema: z.string().meta({ format: "binary" }) } },
    },
  },
});

/** The exchange's HTTP API. What is one participant's alone is given to whoever signs for it, and to nobody else. */
export function exchangeRoutes(options: ExchangeRoutesOptions): OpenAPIHono {
  const { desk, house, agreements, domain, clock, log } = options;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw new AppError("market-bad-request", requestIssues(result.error));
    },
  });
  app.use(
    bodyLimit({
      maxSize: mostBodyBytes,
      onError: () => problem(413, "market-too-large", `expected at most ${mostBodyBytes} bytes; send orders in parts`),
    }),
  );
  const demandSigner = async ({ a, b, time, signature }: SignedRequest, owner: string): Promise<void> => {
    if (Math.abs(clock.now() - time * 1000) > skewMs)
      throw new AppError(
        "market-request-old",
        `signed for ${new Date(time * 1000).toISOString()}, now is another time; set the clock`,
      );
    const by = signerOr(() => headRequestSigner(domain, { a, b, time }, signature));
    if (by !== (await options.chain.partyOf(owner)).signer)
      throw new AppError("market-not-participant", `not signed by the key in force of ${owner}`);
  };
  /** The participant that signed a request. */
  const callerOf = async (request: SignedRequest): Promise<{ owner: string; signed: SignedAgreement }> => {
    const { a, b } = request;
    const owner = agreements.has(a) ? a : b;
    const signed = agreements.get(owner);
    if (!signed || signed.agreement.a !== a || signed.agreement.b !== b)
      throw new AppError("market-not-participant", "no participant of this exchange has that pair");
    await demandSigner(request, owner);
    return { owner, signed };
  };
  app.openapi(routesOf.rules, (c) => c.json(options.rules, 200));
  app.openapi(routesOf.results, async (c) => c.json({ items: await desk.results(Date.parse(c.req.valid("query").from)) }, 200));
  app.openapi(routesOf.balancing, (c) => c.json({ items: [...options.balancing] }, 200));
  app.openapi(routesOf.orders, async (c) => {
    const { forecast, revocations, orders } = c.req.valid("json");
    return c.json(await desk.take({ ...(forecast && { forecast }), revocations, orders }), 200);
  });
  app.openapi(routesOf.own, async (c) => {
    const { owner } = await callerOf(c.req.valid("json").request);
    return c.json(await desk.own(owner), 200);
  });
  app.openapi(routesOf.settlement, async (c) => {
    const { request, answers: given, metered } = c.req.valid("json");
    const { owner } = await callerOf(request);
    await options.store.addMetered(owner, metered);
    return c.json({ messages: await house.talk(owner, given) }, 200);
  });
  app.openapi(routesOf.allocations, async (c) => {
    const { request, from, to } = c.req.valid("json");
    const participant = options.suppliers.get(request.a) === request.b ? request.a : request.b;
    const supplier = participant === request.a ? request.b : request.a;
    if (options.suppliers.get(participant) !== supplier)
      throw new AppError("market-not-participant", "none of the two is a participant that the other supplies");
    await demandSigner(request, supplier);
    const span = { fromMs: Date.parse(from), toMs: Math.min(Date.parse(to), options.closedUntilMs()) };
    return c.json({ items: await options.store.allocations(participant, span) }, 200);
  });
  app.openapi(routesOf.records, async (c) => {
    const { owner } = await callerOf(c.req.valid("json").request);
    const items = (await options.records.all(owner)).map(({ record: { seq, kind }, state }) => ({ seq, kind, state }));
    return c.json({ items }, 200);
  });
  app.openapi(routesOf.bundle, async (c) => {
    const { owner, signed } = await callerOf(c.req.valid("json").request);
    const stored = await options.records.at(owner, c.req.valid("param").seq);
    const bundle = stored && (await options.anchor.bundleOf(stored, signed));
    if (!bundle) throw new AppError("market-no-record", "there is no such record that both have signed");
    return c.json(bundle, 200);
  });
  app.openAPIRegistry.registerPath(logData);
  app.get(logData.getRoutingPath(), async (c) => {
    const { by, epoch } = parseAs(LogPath, c.req.param(), "market-bad-request");
    const bytes = await options.logBytesOf(by, epoch);
    if (!bytes) throw new AppError("market-no-record", `nothing is published here of epoch ${epoch} of ${by}`);
    return new Response(new Uint8Array(bytes), { headers: { "content-type": "application/octet-stream" } });
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Smart-MLA exchange",
      version: options.version,
      description:
        "Orders, auctions and settlement of a prosumer exchange. Energy is Wh, money micro-units as text, times ISO 8601 in UTC.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
  });
  app.get("/healthz", (c) => c.json({ ok: true }));
  app.notFound((c) => problem(404, "unknown-path", `nothing at ${c.req.path}; /openapi.json lists what there is`));
  app.onError((error) => {
    const code = errorCode(error);
    const status = statusOf[code] ?? (error instanceof AppError && error.temporary ? 503 : undefined);
    if (status !== undefined) return problem(status, code, errorMessage(error).slice(0, 500));
    // What the library itself refuses: a body that is no JSON, or is said to be something else.
    const refused = "status" in error ? bodyRefusals.get(error.status) : undefined;
    if (refused !== undefined) return problem(400, "market-bad-request", refused);
    log.error({ code, error: errorMessage(error) }, "request failed");
    return problem(500, "unexpected", "a mistake in the program or its surroundings; the log of the exchange says more");
  });
  return app;
}

const statusOf: Record<string, number> = {
  "market-bad-request": 400,
  "market-not-participant": 403,
  "market-request-old": 403,
  "market-no-record": 404,
  "chain-unreachable": 503,
};

function signerOr(recover: () => string): string {
  try {
    return recover();
  } catch (error) {
    if (error instanceof AppError) return "nobody";
    throw error;
  }
}

function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify(problemOf(status, code, detail)), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
