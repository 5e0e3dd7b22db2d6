import { createHmac, randomUUID, sign as signBytes, type KeyObject } from "node:crypto";

/** What a forger knows and has. Private keys are those of the aggregator, for messages that it signed but not for here and now. */
export interface Loot {
  kid: string;
  site: string;
  nowMs: number;
  /** The aggregator's own key: for replays, stale and misdirected messages. */
  privateKey: KeyObject;
  /** Its public half, which everybody may know: raw, PEM and JWK. */
  publicForms: readonly Buffer[];
  /** A key pair of the forger, Ed25519 and P-256. */
  ownKey: KeyObject;
  ownEcKey: KeyObject;
  ownJwk: object;
  /** Messages that were accepted, oldest first, with their topics. */
  accepted: readonly { rest: string; text: string }[];
  /** A number above all that were seen. */
  freshSeq: number;
}

/** A message that must not be accepted. */
export interface Forgery {
  way: string;
  rest: string;
  text: string;
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const hmacs = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;

/** A forgery of any of the ways; undefined where that way needs a message that was accepted. @param random in [0, 1) */
export function forge(loot: Loot, random: () => number): Forgery | undefined {
  const below = (limit: number): number => Math.floor(random() * limit);
  const one = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const resource = one(["boiler", "pump"]);
  const rest = `instr/${resource}`;
  const typ = "sma.instruction+jws";
  const nowS = Math.floor(loot.nowMs / 1000);
  const body = (of: string = resource): object => ({
    plan: randomUUID(),
    resource: of,
    instructions: [
      {
        id: randomUUID(),
        executionTime: new Date(loot.nowMs).toISOString(),
        validUntil: new Date(loot.nowMs + 3_600_000).toISOString(),
        operationModeId: "on",
        reason: "forged",
      },
    ],
  });
  const payload = (change: object = {}): object => ({
    v: 1,
    site: loot.site,
    seq: loot.freshSeq,
    iat: nowS,
    nbf: nowS,
    exp: nowS + 3600,
    body: body(),
    ...change,
  });
  const header = (change: object = {}): object => ({ alg: "EdDSA", kid: loot.kid, typ, ...change });
  const signed = (head: unknown, load: unknown, key: KeyObject = loot.privateKey): string => {
    const input = `${encode(head)}.${encode(load)}`;
    return `${input}.${signBytes(null, Buffer.from(input), key).toString("base64url")}`;
  };
  const old = loot.accepted.length > 0 ? one(loot.accepted) : undefined;
  const ways: Record<string, () => Omit<Forgery, "way"> | undefined> = {
    "alg none": () => {
      const text = `${encode(header({ alg: one(["none", "None", "NONE", "nOnE", "", null]) }))}.${encode(payload())}.`;
      return { rest, text: text + one(["", encode("x"), old?.text.split(".")[2] ?? ""]) };
    },
    "HMAC with the public key": () => {
      const alg = one(["HS256", "HS384", "HS512"] as const);
      const input = `${encode(header({ alg: one([alg, alg, "EdDSA"]) }))}.${encode(payload())}`;
      const mac = createHmac(hmacs[alg], one(loot.publicForms)).update(input).digest("base64url");
      return { rest, text: `${input}.${mac}` };
    },
    "another algorithm": () => {
      const alg = one(["ES256", "RS256", "PS256", "Ed448", "ES256K", "Ed25519", "eddsa", "EDDSA", ["EdDSA"], 1]);
      const input = `${encode(header({ alg }))}.${encode(payload())}`;
      const right = one([true, false]);
      const signature = right
        ? signBytes(null, Buffer.from(input), loot.privateKey)
        : signBytes("sha256", Buffer.from(input), { key: loot.ownEcKey, dsaEncoding: "ieee-p1363" });
      return { rest, text: `${input}.${signature.toString("base64url")}` };
    },
    "wrong key": () => ({
      rest,
      text: signed(
        header(one([{}, { kid: randomUUID() }, { jwk: loot.ownJwk }, { jku: "https://forger.example/keys" }, { x5c: ["AAAA"] }])),
        payload(),
        loot.ownKey,
      ),
    }),
    "kid that is no name": () => ({
      rest,
      text: signed(header({ kid: one(["", null, 0, [loot.kid], "__proto__", "x".repeat(200), `${loot.kid} `]) }), payload()),
    }),
    "another typ": () => ({
      rest,
      text: signed(
        header({
          typ: one([
            "JWT",
            "",
            null,
            "sma.heartbeat+jws",
            "sma.price+jws",
            "sma.receipt+jws",
            "SMA.INSTRUCTION+JWS",
            typ.slice(0, -4),
          ]),
        }),
        payload(),
      ),
    }),
    "crit header": () => ({
      rest,
      text: signed(
        header(
          one([
            { crit: ["exp"], exp: 1 },
            { crit: ["sma-new"], "sma-new": true },
            { crit: [] },
            { crit: "b64" },
            { crit: ["b64"], b64: false },
            { crit: ["kid"] },
          ]),
        ),
        payload(),
      ),
    }),
    "wrong site": () => ({
      rest,
      text: signed(
        header(),
        payload({ site: one(["gw-2", "", "*", loot.site.toUpperCase(), `${loot.site} `, null, [loot.site]]) }),
      ),
    }),
    expired: () => ({
      rest,
      text: signed(header(), payload({ iat: nowS - 7200, nbf: nowS - 7200, exp: nowS - below(3600) })),
    }),
    "not yet valid": () => ({
      rest,
      text: signed(header(), payload(one([{ nbf: nowS + 61 + below(1e6) }, { iat: nowS + 61 + below(1e6) }]))),
    }),
    "dates that are none": () => ({
      rest,
      text: signed(
        header(),
        payload({ [one(["iat", "nbf", "exp"])]: one([null, "", String(nowS + 60), -1, 1.5, 1e300, [nowS], {}]) }),
      ),
    }),
    "numbers that are none": () => ({
      rest,
      text: signed(header(), payload({ seq: one([-1, 0.5, null, String(loot.freshSeq), 2 ** 53, 1e300, [loot.freshSeq]]) })),
    }),
    "no version": () => ({ rest, text: signed(header(), payload({ v: one([0, -1, null, "1", 0.5]) })) }),
    "no object": () => ({ rest, text: signed(header(), one([null, [], "x", 1, "{", [payload()], ""])) }),
    "replayed, at its place": () => {
      // The newest of a topic is no replay but a repeat, which changes nothing.
      const replayed = old && loot.accepted.findLast((message) => message.rest === old.rest) !== old ? old : undefined;
      return replayed;
    },
    "replayed, at another place": () => {
      const other = one(["instr/boiler", "instr/pump", "price", "state", "receipt", "settle/supply", "limit", "config", "instr"]);
      return old && other !== old.rest ? { rest: other, text: old.text } : undefined;
    },
    "an old number with another body": () => {
      // Numbers count for each topic by itself.
      const newest = loot.accepted.findLast((message) => message.rest === rest);
      return newest && { rest, text: signed(header(), payload({ seq: below(seqOf(newest.text) + 1) })) };
    },
    "for another resource": () => ({
      rest,
      text: signed(header(), payload({ body: body(resource === "boiler" ? "pump" : "boiler") })),
    }),
    "payload changed": () => old && { rest, text: withPart(old.text, 1, encode(payload())) },
    "header changed": () => old && { rest: old.rest, text: withPart(old.text, 0, encode(header({ x: below(1e6) }))) },
    "bits turned": () => {
      if (!old) return undefined;
      const parts = old.text.split(".");
      const part = below(3);
      const bytes = Buffer.from(parts[part] ?? "", "base64url");
      for (let times = 1 + below(3); times > 0; times--) {
        const at = below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      }
      const text = withPart(old.text, part, bytes.toString("base64url"));
      return text === old.text ? undefined : { rest: old.rest, text };
    },
    "written in another way": () => {
      if (!old) return undefined;
      const spare = "AQgw".includes(old.text.at(-1) ?? "") ? undefined : old.text;
      const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const turned = old.text.slice(0, -1) + (last[(last.indexOf(old.text.at(-1) ?? "A") & 0x30) + 1 + below(15)] ?? "");
      const text = one([
        `${old.text}=`,
        `${old.text}\n`,
        ` ${old.text}`,
        old.text.replace(".", " ."),
        spare ?? `${old.text}==`,
        turned,
      ]);
      return text === old.text ? undefined : { rest: old.rest, text };
    },
    "signature in its other form": () => old && { rest: old.rest, text: withPart(old.text, 2, otherForm(old.text)) },
    "signature in its other form, of a new message": () => {
      const text = signed(header(), payload());
      return { rest, text: withPart(text, 2, otherForm(text)) };
    },
    "signature of zeros": () => ({
      rest,
      text: `${encode(header())}.${encode(payload())}.${Buffer.alloc(one([0, 32, 64, 65])).toString("base64url")}`,
    }),
    "keys twice in the header": () => {
      const head = `{"alg":"none","alg":"EdDSA","kid":"${loot.kid}","typ":"${typ}","kid":"${one(["", loot.kid])}"}`;
      return { rest, text: `${encode(head)}.${encode(payload())}.${one([encode("x"), old?.text.split(".")[2] ?? ""])}` };
    },
    "another serialisation": () => {
      const text = signed(header(), payload());
      const [head = "", load = "", signature = ""] = text.split(".");
      return {
        rest,
        text: one([
          JSON.stringify({ protected: head, payload: load, signature }),
          JSON.stringify({ payload: load, signatures: [{ protected: head, signature }] }),
          `${text}.`,
          `${text}.${signature}.x`,
          `.${text}`,
          `${head}.${load}`,
          `${head}..${signature}`,
          text.slice(0, below(text.length)),
          encode(text),
        ]),
      };
    },
    noise: () => ({
      rest: one([rest, "price", "state"]),
      text: Buffer.from(Array.from({ length: below(400) }, () => below(256))).toString(
        one(["latin1", "base64url", "utf8"] as const),
      ),
    }),
  };
  const way = one(Object.keys(ways));
  const made = ways[way]?.();
  return made && { ...made, way };
}

function seqOf(text: string): number {
  const payload = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()) as { seq: number };
  return payload.seq;
}

function withPart(text: string, index: number, part: string): string {
  return text.split(".").with(index, part).join(".");
}

/** Order of the group of Ed25519. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

/** s + L says the same as s to a verifier that does not look. */
function otherForm(text: string): string {
  const signature = Buffer.from(text.split(".")[2] ?? "", "base64url");
  let s = 0n;
  for (const byte of signature.subarray(32).toReversed()) s = (s << 8n) | BigInt(byte);
  s += order;
  for (let at = 32; at < 64; at++, s >>= 8n) signature[at] = Number(s & 0xffn);
  return signature.toString("base64url");
}
