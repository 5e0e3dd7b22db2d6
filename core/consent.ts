import { calculateJwkThumbprint, CompactSign, compactVerify, decodeProtectedHeader, importJWK, type JWK } from "jose";
import { z } from "zod";
import { AppError, errorMessage } from "./app-error.ts";
import { ControlKeyJwk, isCanonicalJws } from "./envelope.ts";
import { Instant, Name } from "./message/fields.ts";

/**
 * readings: single readings and slots finer than a quarter of an hour; appliances: energy and switchings of each appliance; trades:
 * sums of what was traded at an exchange.
 */
export const ConsentScope = z.enum(["readings", "appliances", "trades"]);
export type ConsentScope = z.infer<typeof ConsentScope>;

/** What a household says about one kind of its data. Without it only totals of a quarter of an hour leave the house. */
export const Consent = z.object({
  v: z.literal(1),
  site: z.string().max(128),
  /** To whom. */
  aggregator: Name,
  scope: ConsentScope,
  /** False takes it back. */
  given: z.boolean(),
  /** Of readings: seconds between two at least. */
  everyS: z.int().min(10).max(900).optional(),
  at: Instant,
  /** Null: until it is taken back. */
  until: Instant.nullable(),
  /** Whose word it is: the resident's, or what the installer wrote down for them. */
  by: z.enum(["resident", "configuration"]),
});
export type Consent = z.infer<typeof Consent>;

/** up/consent, retained: the newest statement of each scope, each signed by the gateway (compact JWS). */
export const ConsentMessage = z.object({ v: z.literal(1), consents: z.array(z.string().max(4096)).max(8) });
export type ConsentMessage = z.infer<typeof ConsentMessage>;

const typ = "sma-consent+jws";
const Header = z.object({ alg: z.literal("EdDSA"), typ: z.literal(typ), jwk: ControlKeyJwk });

/** Signs a statement; the public key stands beside the signature, to be pinned by whoever reads it first. */
export async function signConsent(privateJwk: JWK, consent: Consent): Promise<string> {
  const { kty, crv, x, kid } = ControlKeyJwk.parse(privateJwk);
  return new CompactSign(new TextEncoder().encode(JSON.stringify(Consent.parse(consent))))
    .setProtectedHeader({ alg: "EdDSA", typ, jwk: { kty, crv, x, kid } })
    .sign(await importJWK(privateJwk, "EdDSA"));
}

/**
 * The statement and the thumbprint (RFC 7638) of the key that signed it; whether that is the household's key is for the
 * caller to know. @throws AppError consent-malformed
 */
export async function readConsent(text: string): Promise<{ consent: Consent; thumbprint: string }> {
  try {
    if (!isCanonicalJws(text)) throw new Error("base64url is not written in its one canonical way");
    const { jwk } = Header.parse(decodeProtectedHeader(text));
    const { kty, crv, x } = jwk;
    const { payload } = await compactVerify(text, await importJWK({ kty, crv, x }, "EdDSA"), { algorithms: ["EdDSA"] });
    const body: unknown = JSON.parse(new TextDecoder().decode(payload));
    return { consent: Consent.parse(body), thumbprint: await calculateJwkThumbprint({ kty, crv, x }) };
  } catch (cause) {
    throw new AppError("consent-malformed", `not a signed consent: ${errorMessage(cause).slice(0, 300)}`, { cause });
  }
}
