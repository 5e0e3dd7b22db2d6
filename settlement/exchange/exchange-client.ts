import type { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { boundedText } from "../../core/bounded-text.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import {
  AllocationsDown,
  type AuctionResult,
  AuctionResults,
  BalancingPrices,
  ExchangeRules,
  ExchangeSettlementDown,
  type ExchangeSettlementUp,
  OrdersDown,
  type OrdersUp,
  OwnDown,
  OwnRecords,
  type SignedRequest,
} from "../../core/message/exchange-http.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { SettlementDown } from "../../core/message/settlement-message.ts";
import { parseAs } from "../../core/parse-as.ts";
import { Bundle } from "../verify/bundle.ts";
import type { Agreement } from "../record/agreement.ts";
import { signHeadRequest } from "../record/head-request.ts";
import { domainOf } from "../record/sign-agreement.ts";
import type { TypedDataSigner } from "../record/signature.ts";

/**
 * A participant's side of an exchange's API. Every call throws AppError exchange-unreachable (temporary), exchange-refused
 * with the exchange's own code in its message, exchange-malformed.
 */
export interface ExchangeClient {
  rules(): Promise<ExchangeRules>;
  balancing(): Promise<PriceSeries[]>;
  results(fromMs: number): Promise<AuctionResult[]>;
  own(): Promise<OwnDown>;
  send(up: OrdersUp): Promise<OrdersDown>;
  settle(up: Omit<ExchangeSettlementUp, "request">): Promise<SettlementDown[]>;
  /** Own records, by number. */
  records(): Promise<OwnRecords["items"]>;
  bundle(seq: number): Promise<Bundle>;
  /** What the other party of the agreement traded in slots that begin in [from, to); for its supplier. */
  allocations(fromMs: number, toMs: number): Promise<AllocationsDown["items"]>;
}

const timeoutMs = 15_000;
/** A day of orders and results is far below. */
const mostBytes = 8 * 1024 * 1024;

export function exchangeClient(
  url: string,
  { agreement, signer, clock }: { agreement: Agreement; signer: TypedDataSigner; clock: Pick<Clock, "now"> },
): ExchangeClient {
  const base = url.replace(/\/+$/, "");
  const call = async <S extends z.ZodType>(path: string, schema: S, body?: unknown): Promise<z.output<S>> => {
    const headers = { "content-type": "application/json" };
    const init = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    let response: Response;
    let text: string | null;
    try {
      response = await fetch(`${base}${path}`, { ...init, redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
      text = await boundedText(response, mostBytes);
    } catch (cause) {
      throw new AppError("exchange-unreachable", `exchange ${url} does not answer: ${errorMessage(cause)}`, {
        temporary: true,
        cause,
      });
    }
    if (text === null) throw new AppError("exchange-malformed", `exchange ${url} sent more than ${mostBytes} bytes`);
    if (!response.ok)
      throw new AppError("exchange-refused", `exchange ${url} answered ${response.status}: ${text.slice(0, 300)}`, {
        temporary: response.status >= 500,
      });
    return parseAs(schema, jsonOf(text), "exchange-malformed", url);
  };
  const request = async (): Promise<SignedRequest> => {
    const { a, b } = agreement;
    const time = Math.floor(clock.now() / 1000);
    return { a, b, time, signature: await signHeadRequest(signer, domainOf(agreement), { a, b, time }) };
  };
  return {
    rules: () => call("/v1/rules", ExchangeRules),
    balancing: async () => (await call("/v1/balancing", BalancingPrices)).items,
    results: async (fromMs) => (await call(`/v1/results?from=${iso(fromMs)}`, AuctionResults)).items,
    own: async () => call("/v1/own", OwnDown, { request: await request() }),
    send: (up) => call("/v1/orders", OrdersDown, up),
    settle: async (up) => (await call("/v1/settlement", ExchangeSettlementDown, { ...up, request: await request() })).messages,
    allocations: async (fromMs, toMs) => {
      const body = { request: await request(), from: iso(fromMs), to: iso(toMs) };
      return (await call("/v1/allocations", AllocationsDown, body)).items;
    },
    records: async () => (await call("/v1/records", OwnRecords, { request: await request() })).items,
    bundle: async (seq) => call(`/v1/records/${seq}/bundle`, Bundle, { request: await request() }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
