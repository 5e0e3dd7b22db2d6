import type { ExchangeForecast, ExchangeOrder, OrderRevocation } from "../../core/message/exchange-order.ts";
import { canonicalHash } from "./canonical-hash.ts";
import type { SettlementDomain } from "./domain.ts";
import { recoverSigner, signTyped, typedDigest, type TypedDataSigner, type TypedFields } from "./signature.ts";

const orderTypes: TypedFields = {
  Order: [
    { name: "exchange", type: "address" },
    { name: "participant", type: "address" },
    { name: "orderId", type: "string" },
    { name: "revision", type: "uint32" },
    { name: "side", type: "string" },
    { name: "start", type: "uint64" },
    { name: "end", type: "uint64" },
    { name: "wh", type: "uint64" },
    { name: "limit", type: "int128" },
    { name: "zone", type: "string" },
    { name: "validUntil", type: "uint64" },
  ],
};

const revocationTypes: TypedFields = {
  OrderRevocation: [
    { name: "exchange", type: "address" },
    { name: "participant", type: "address" },
    { name: "order", type: "bytes32" },
    { name: "time", type: "uint64" },
  ],
};

const forecastTypes: TypedFields = {
  ExchangeForecast: [
    { name: "exchange", type: "address" },
    { name: "participant", type: "address" },
    { name: "time", type: "uint64" },
    { name: "content", type: "bytes32" },
  ],
};

const seconds = (instant: string): number => Date.parse(instant) / 1000;

function orderStruct({ v: _, start, end, validUntil, limit, ...order }: ExchangeOrder): Record<string, unknown> {
  return { ...order, start: seconds(start), end: seconds(end), validUntil: seconds(validUntil), limit: BigInt(limit) };
}

function revocationStruct({ exchange, participant, order, time }: OrderRevocation): Record<string, unknown> {
  return { exchange, participant, order, time: seconds(time) };
}

function forecastStruct(forecast: ExchangeForecast): Record<string, unknown> {
  const { exchange, participant, time } = forecast;
  return { exchange, participant, time: seconds(time), content: canonicalHash(forecast) };
}

/** EIP-712 digest of an order: its hash in the book, in trades and in revocations. */
export function orderDigest(domain: SettlementDomain, order: ExchangeOrder): string {
  return typedDigest(domain, orderTypes, orderStruct(order));
}

/** Signs an order with the participant's signer key. */
export function signOrder(wallet: TypedDataSigner, domain: SettlementDomain, order: ExchangeOrder): Promise<string> {
  return signTyped(wallet, domain, orderTypes, orderStruct(order));
}

/** Address, lower case, of the key under an order. @throws AppError settlement-bad-signature */
export function orderSigner(domain: SettlementDomain, order: ExchangeOrder, signature: string): string {
  return recoverSigner(orderDigest(domain, order), signature);
}

export function signRevocation(wallet: TypedDataSigner, domain: SettlementDomain, revocation: OrderRevocation): Promise<string> {
  return signTyped(wallet, domain, revocationTypes, revocationStruct(revocation));
}

/** Address, lower case, of the key under a revocation. @throws AppError settlement-bad-signature */
export function revocationSigner(domain: SettlementDomain, revocation: OrderRevocation, signature: string): string {
  return recoverSigner(typedDigest(domain, revocationTypes, revocationStruct(revocation)), signature);
}

/** Signs a forecast: its head, and the hash of all of it. */
export function signForecast(wallet: TypedDataSigner, domain: SettlementDomain, forecast: ExchangeForecast): Promise<string> {
  return signTyped(wallet, domain, forecastTypes, forecastStruct(forecast));
}

/** Address, lower case, of the key under a forecast. @throws AppError settlement-bad-signature */
export function forecastSigner(domain: SettlementDomain, forecast: ExchangeForecast, signature: string): string {
  return recoverSigner(typedDigest(domain, forecastTypes, forecastStruct(forecast)), signature);
}
