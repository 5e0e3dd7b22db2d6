import { CompactSign, generateKeyPair, importJWK, SignJWT, type JWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { errorCode } from "../../core/app-error.ts";
import {
  createControlKey,
  importControlKey,
  maxEnvelopeBytes,
  signEnvelope,
  verifyEnvelope,
  type ControlKey,
  type PinnedKeys,
} from "../../core/envelope.ts";

const nowMs = Date.parse("2026-04-02T10:00:00Z");
const nowS = nowMs / 1000;
const message = { type: "price", site: "gw-7", seq: 5, nowMs, lifetimeS: 600, body: { hello: [1, "two"] } } as const;

let key: ControlKey;
let publicJwk: JWK;
let keys: PinnedKeys;
beforeAll(async () => {
  const made = await createControlKey("control-1");
  key = await importControlKey(made.privateJwk);
  publicJwk = made.publicJwk;
  const pinned = await importControlKey(publicJwk);
  keys = new Map([[pinned.kid, pinned.key]]);
});

const verify = (text: string, change: Partial<Parameters<typeof verifyEnvelope>[1]> = {}) =>
  verifyEnvelope(text, { keys, type: "price", site: "gw-7", nowMs, ...change });
const refusal = (text: string, change: Partial<Parameters<typeof verifyEnvelope>[1]> = {}) =>
  verify(text, change).then(() => "accepted", errorCode);
/** Signs any header and payload with the pinned key, so that only what is tested is wrong. */
const signed = (payload: unknown, header: Record<string, unknown> = {}): Promise<string> =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "EdDSA", kid: "control-1", typ: "sma.price+jws", ...header })
    .sign(key.key);
const payload = { v: 1, site: "gw-7", seq: 5, iat: nowS, nbf: nowS, exp: nowS + 600, body: {} };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

it("gives back what was signed", async () => {
  expect(await verify(await signEnvelope(key, message))).toEqual({
    kid: "control-1",
    type: "price",
    seq: 5,
    issuedMs: nowMs,
    expiresMs: nowMs + 600_000,
    body: { hello: [1, "two"] },
  });
});

it("ignores fields that a later version may add", async () => {
  expect(await refusal(await signed({ ...payload, v: 2, later: true }))).toBe("accepted");
});

describe("refuses", () => {
  it("a message that is too large, unread", async () => {
    expect(await refusal("a".repeat(maxEnvelopeBytes + 1))).toBe("envelope-too-large");
  });

  it.each(["", "x", "a.b", "a.b.c", "a.b.c.d.e", "{}", `${part({ alg: "EdDSA" })}.e30.c2ln`])("%j as malformed", async (text) => {
    expect(await refusal(text)).toBe("envelope-malformed");
  });

  it("a header without type", async () => {
    expect(await refusal(await signed(payload, { typ: undefined }))).toBe("envelope-malformed");
  });

  it.each([
    ["no JSON", "hello"],
    ["seq", { ...payload, seq: -1 }],
    ["seq", { ...payload, seq: 1.5 }],
    ["exp", { ...payload, exp: undefined }],
    ["iat", { ...payload, iat: "now" }],
    ["v", { ...payload, v: 0 }],
    ["site", { ...payload, site: undefined }],
  ])("a signed payload with a bad %s as malformed", async (_, bad) => {
    expect(await refusal(await signed(bad))).toBe("envelope-malformed");
  });

  it("a key that is not pinned, also when it calls itself otherwise", async () => {
    const stranger = await importControlKey((await createControlKey("stranger")).privateJwk);
    expect(await refusal(await signEnvelope(stranger, message))).toBe("envelope-unknown-key");
    expect(await refusal(await signEnvelope({ kid: "control-1", key: stranger.key }, message))).toBe("envelope-bad-signature");
  });

  it("another kind of message, another site", async () => {
    const text = await signEnvelope(key, message);
    expect(await refusal(text, { type: "instruction" })).toBe("envelope-wrong-type");
    expect(await refusal(text, { site: "gw-8" })).toBe("envelope-wrong-site");
  });

  it.each<[string, number, string]>([
    ["61 s before nbf", -61_000, "envelope-not-yet-valid"],
    ["60 s before nbf", -60_000, "accepted"],
    ["just before exp", 599_999, "accepted"],
    ["at exp", 600_000, "envelope-expired"],
  ])("by its dates: %s", async (_, laterMs, expected) => {
    expect(await refusal(await signEnvelope(key, message), { nowMs: nowMs + laterMs })).toBe(expected);
  });

  it("one issued in the future although valid already", async () => {
    expect(await refusal(await signed({ ...payload, iat: nowS + 61 }))).toBe("envelope-not-yet-valid");
  });

  it("alg none, with and without a signature", async () => {
    const header = part({ alg: "none", kid: "control-1", typ: "sma.price+jws" });
    expect(await refusal(`${header}.${part(payload)}.`)).toBe("envelope-malformed");
    expect(await refusal(`${header}.${part(payload)}.${"A".repeat(86)}`)).toBe("envelope-malformed");
  });

  it("an HMAC made with the public key as secret", async () => {
    const text = await new SignJWT(payload)
      .setProtectedHeader({ alg: "HS256", kid: "control-1", typ: "sma.price+jws" })
      .sign(Buffer.from(publicJwk.x ?? "", "base64url"));
    expect(await refusal(text)).toBe("envelope-malformed");
  });

  it("another curve under the same kid", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const text = await new SignJWT(payload)
      .setProtectedHeader({ alg: "ES256", kid: "control-1", typ: "sma.price+jws" })
      .sign(privateKey);
    expect(await refusal(text)).toBe("envelope-malformed");
  });

  it("critical headers that nobody here understands", async () => {
    const text = `${part({ alg: "EdDSA", kid: "control-1", typ: "sma.price+jws", crit: ["b64"], b64: false })}.${part(payload)}.${"A".repeat(86)}`;
    expect(await refusal(text)).toBe("envelope-bad-signature");
  });

  it("every message with one bit or one character changed", async () => {
    const text = await signEnvelope(key, message);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ".split("");
    const taken: string[] = [];
    for (let at = 0; at < text.length; at++) {
      const flipped = [1, 0x20].map((bit) => String.fromCharCode(text.charCodeAt(at) ^ bit));
      // The last characters carry bits that decoders may ignore.
      const others = new Set([...flipped, ...(at >= text.length - 3 ? alphabet : [])]);
      others.delete(text.charAt(at));
      for (const other of others)
        if ((await refusal(text.slice(0, at) + other + text.slice(at + 1))) === "accepted") taken.push(`${at} as ${other}`);
    }
    expect(taken).toEqual([]);
  });

  it.each([" ", "\n", "=", "A"])("a message with %j before or behind it", async (extra) => {
    const text = await signEnvelope(key, message);
    expect([await refusal(extra + text), await refusal(text + extra)]).not.toContain("accepted");
  });
});

it.each([
  null,
  {},
  { kty: "OKP", crv: "X25519", kid: "k", x: "AA" },
  { kty: "EC", crv: "P-256", kid: "k", x: "AA" },
  { kty: "OKP", crv: "Ed25519", x: "AA" },
])("takes only an Ed25519 JWK with a kid: %j", async (jwk) =>
  expect(await importControlKey(jwk).then(() => "taken", errorCode)).toBe("envelope-bad-key"),
);

it("never writes the private part into the public JWK", async () => {
  expect(publicJwk).not.toHaveProperty("d");
  await expect(importJWK(publicJwk, "EdDSA")).resolves.toBeDefined();
});
