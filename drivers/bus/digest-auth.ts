import { createHash } from "node:crypto";

/** What a server asks for in `WWW-Authenticate: Digest …`. */
export interface DigestChallenge {
  realm: string;
  nonce: string;
  algorithm: "MD5" | "SHA-256";
  /** False where the server knows only the old form without qop. */
  qop: boolean;
  opaque?: string;
}

const parameter = /([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi;

/**
 * The first challenge among the headers that can be answered: MD5 or SHA-256, with qop "auth" or none.
 * @see RFC 7616, chapter 3.3
 */
export function digestChallenge(headers: readonly string[]): DigestChallenge | undefined {
  for (const header of headers) {
    const [, rest] = /^\s*digest\s+(.*)$/is.exec(header) ?? [];
    if (rest === undefined) continue;
    const given = new Map(
      [...rest.matchAll(parameter)].map(([, key = "", quoted, plain = ""]) => [
        key.toLowerCase(),
        quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1"),
      ]),
    );
    const [realm, nonce, opaque] = [given.get("realm"), given.get("nonce"), given.get("opaque")];
    const name = (given.get("algorithm") ?? "MD5").toUpperCase();
    const algorithm = name === "MD5" || name === "SHA-256" ? name : undefined;
    const offered = given
      .get("qop")
      ?.split(",")
      .map((one) => one.trim().toLowerCase());
    if (realm === undefined || nonce === undefined || algorithm === undefined) continue;
    if (offered !== undefined && !offered.includes("auth")) continue;
    return { realm, nonce, algorithm, qop: offered !== undefined, ...(opaque !== undefined && { opaque }) };
  }
  return undefined;
}

const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

/**
 * The answer to a challenge, for the header Authorization.
 * @param request.count how often this nonce has been used, from 1
 * @param request.cnonce fresh random text of the client
 * @see RFC 7616, chapter 3.4
 */
export function digestAnswer(
  { realm, nonce, algorithm, qop, opaque }: DigestChallenge,
  user: { username: string; password: string },
  request: { method: string; uri: string; count: number; cnonce: string },
): string {
  const hash = (text: string): string =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text, "utf8")
      .digest("hex");
  const secret = hash(`${user.username}:${realm}:${user.password}`);
  const target = hash(`${request.method}:${request.uri}`);
  const count = request.count.toString(16).padStart(8, "0");
  const response = qop
    ? hash([secret, nonce, count, request.cnonce, "auth", target].join(":"))
    : hash([secret, nonce, target].join(":"));
  return [
    `Digest username=${quote(user.username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(request.uri)}`,
    `algorithm=${algorithm}`,
    `response="${response}"`,
    ...(qop ? ["qop=auth", `nc=${count}`, `cnonce=${quote(request.cnonce)}`] : []),
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
  ].join(", ");
}
