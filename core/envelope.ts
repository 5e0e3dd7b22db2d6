import {
  CompactSign,
  compactVerify,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from "jose";
import { z } from "zod";
import { AppError } from "./app-error.ts";
import { iso } from "./clock/clock.ts";

/** What each downward message is; it stands in the signed header, so one kind cannot pass for another. */
export const EnvelopeType = z.enum(["heartbeat", "receipt", "price", "instruction", "settlement", "limit", "keys", "config"]);
export type EnvelopeType = z.infer<typeof EnvelopeType>;

/** Bytes; a longer message is refused unread. */
export const maxEnvelopeBytes = 256 * 1024;

/** How far the two clocks may differ for iat and nbf, seconds. */
const clockSkewS = 60;

const Header = z.object({ alg: z.literal("EdDSA"), kid: z.string().min(1).max(128), typ: z.string() });

/** Until the year 9999. */
const Seconds = z.int().min(0).max(253_402_300_799);

const Payload = z.object({
  v: z.int().min(1),
  site: z.string(),
  seq: z.int().nonnegative(),
  /** Seconds since 1970 UTC, as in RFC 7519. */
  iat: Seconds,
  nbf: Seconds,
  exp: Seconds,
  body: z.unknown(),
});

/** A downward message whose signature, address and dates hold. seq must still be checked against the last one. */
export interface Envelope {
  kid: string;
  type: EnvelopeType;
  seq: number;
  issuedMs: number;
  expiresMs: number;
  body: unknown;
}

/** An Ed25519 key with its id: a private one signs, a public one is pinned. */
export interface ControlKey {
  kid: string;
  key: CryptoKey | Uint8Array;
}

/** Public control keys pinned at enrolment, by kid. */
export type PinnedKeys = Pick<ReadonlyMap<string, CryptoKey | Uint8Array>, "get">;

/** Makes a control key pair as JWKs; the private one belongs in a file of mode 0600. */
export async function createControlKey(kid: string): Promise<{ privateJwk: JWK; publicJwk: JWK }> {
  const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return {
    privateJwk: { ...(await exportJWK(pair.privateKey)), kid, alg: "EdDSA", use: "sig" },
    publicJwk: { ...(await exportJWK(pair.publicKey)), kid, alg: "EdDSA", use: "sig" },
  };
}

/** A public or private Ed25519 key as a JWK, with its id. */
export const ControlKeyJwk = z.looseObject({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().min(1),
  x: z.string().min(1),
});

/** Reads one Ed25519 JWK, private or public. @throws AppError envelope-bad-key */
export async function importControlKey(jwk: unknown): Promise<ControlKey> {
  const checked = ControlKeyJwk.safeParse(jwk);
  if (!checked.success) throw badKey(checked.error);
  const { kid } = checked.data;
  const key = await importJWK(checked.data as JWK, "EdDSA").catch((cause: unknown) => {
    throw new AppError("envelope-bad-key", `control key "${kid}" holds no Ed25519 key: check its x`, { cause });
  });
  return { kid, key };
}

/** The public half of a control key: what may be handed out. @throws AppError envelope-bad-key */
export function publicJwk(jwk: unknown): z.infer<typeof ControlKeyJwk> {
  const checked = ControlKeyJwk.safeParse(jwk);
  if (!checked.success) throw badKey(checked.error);
  const { kty, crv, kid, x } = checked.data;
  return { kty, crv, kid, x };
}

const badKey = (cause: unknown): AppError =>
  new AppError("envelope-bad-key", "not an Ed25519 JWK with kty OKP, crv Ed25519, kid and x", { cause });

/** Signs a downward message as a compact JWS. `lifetimeS` bounds how late it may still be accepted. */
export async function signEnvelope(
  key: ControlKey,
  message: { type: EnvelopeType; site: string; seq: number; nowMs: number; lifetimeS: number; body: unknown },
): Promise<string> {
  const iat = Math.floor(message.nowMs / 1000);
  const payload: z.input<typeof Payload> = {
    v: 1,
    site: message.site,
    seq: message.seq,
    iat,
    nbf: iat,
    exp: iat + message.lifetimeS,
    body: message.body,
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: typ(message.type) })
    .sign(key.key);
}

/**
 * Checks a downward message before anything in it is believed.
 * @throws AppError envelope-too-large, -malformed, -unknown-key, -bad-signature, -wrong-type, -wrong-site, -not-yet-valid, -expired
 */
export async function verifyEnvelope(
  text: string,
  expected: { keys: PinnedKeys; type: EnvelopeType; site: string; nowMs: number },
): Promise<Envelope> {
  if (text.length > maxEnvelopeBytes)
    throw new AppError("envelope-too-large", `message of ${text.length} bytes; at most ${maxEnvelopeBytes} are read`);
  const header = readHeader(text);
  const key = expected.keys.get(header.kid);
  if (!key) throw new AppError("envelope-unknown-key", `signed by key "${header.kid}", which is not pinned here`);
  const verified = await compactVerify(text, key, { algorithms: ["EdDSA"] }).catch((cause: unknown) => {
    throw new AppError("envelope-bad-signature", `signature of key "${header.kid}" does not hold`, { cause });
  });
  const payload = readPayload(verified.payload);
  if (header.typ !== typ(expected.type))
    throw new AppError("envelope-wrong-type", `header says "${header.typ}", this topic carries "${typ(expected.type)}"`);
  if (payload.site !== expected.site)
    throw new AppError("envelope-wrong-site", `addressed to site "${payload.site}", this is "${expected.site}"`);
  const nowS = expected.nowMs / 1000;
  if (payload.nbf > nowS + clockSkewS || payload.iat > nowS + clockSkewS)
    throw new AppError("envelope-not-yet-valid", `valid from ${isoS(Math.max(payload.nbf, payload.iat))}, now is ${isoS(nowS)}`);
  if (payload.exp <= nowS) throw new AppError("envelope-expired", `valid until ${isoS(payload.exp)}, now is ${isoS(nowS)}`);
  return {
    kid: header.kid,
    type: expected.type,
    seq: payload.seq,
    issuedMs: payload.iat * 1000,
    expiresMs: payload.exp * 1000,
    body: payload.body,
  };
}

const typ = (type: EnvelopeType): string => `sma.${type}+jws`;
const isoS = (s: number): string => iso(s * 1000);

/**
 * Whether each part of a compact JWS is written in its one way. Base64url has spare bits and decoders skip blanks: without
 * this one message could be written in many ways, each with a signature that holds.
 */
export function isCanonicalJws(text: string): boolean {
  return text.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function readHeader(text: string): z.infer<typeof Header> {
  try {
    if (!isCanonicalJws(text)) throw new Error("base64url is not written in its one canonical way");
    return Header.parse(decodeProtectedHeader(text));
  } catch (cause) {
    throw new AppError("envelope-malformed", "not a compact JWS with alg EdDSA, kid and typ", { cause });
  }
}

function readPayload(bytes: Uint8Array): z.infer<typeof Payload> {
  try {
    return Payload.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new AppError("envelope-malformed", "payload lacks v, site, seq, iat, nbf, exp or body", { cause });
  }
}
