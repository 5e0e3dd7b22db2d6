import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../core/app-error.ts";
import type { Role, StoredToken, TokenStore } from "../store/token-store.ts";

/** Who asks: the holder of a good token, or anybody. */
export type Caller = { role: "public" } | { role: Role; site: string | null; token: string };

/** So that a token in the wrong place is known for what it is. */
const prefix = "sma_";

/** A new token: the text for its holder, and what is kept of it. */
export function makeToken(about: Pick<StoredToken, "role" | "site" | "note" | "createdMs" | "expiresMs">): {
  text: string;
  stored: StoredToken;
} {
  const text = `${prefix}${randomBytes(32).toString("base64url")}`;
  return { text, stored: { ...about, id: randomBytes(4).toString("hex"), hash: hashOfToken(text), revokedMs: null } };
}

/** 256 random bits need no salt and no slow hash. */
export function hashOfToken(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Who asks, by the header `Authorization: Bearer TOKEN`; without the header it is the public.
 * @throws AppError token-bad where a token is given that does not hold: nobody shall take half an answer for the whole
 */
export async function callerOf(
  header: string | undefined,
  { store, nowMs }: { store: Pick<TokenStore, "tokenByHash">; nowMs: number },
): Promise<Caller> {
  if (header === undefined) return { role: "public" };
  const [, text] = /^Bearer ([\w-]{1,200})$/i.exec(header) ?? [];
  const token = text === undefined ? null : await store.tokenByHash(hashOfToken(text));
  if (!token) throw new AppError("token-bad", "this token is not known here; expected Authorization: Bearer sma_…");
  if (token.revokedMs !== null)
    throw new AppError("token-bad", `token ${token.id} was revoked; ask the operator for another one`);
  if (token.expiresMs !== null && token.expiresMs <= nowMs)
    throw new AppError("token-bad", `token ${token.id} has run out; ask the operator for another one`);
  return { role: token.role, site: token.site, token: token.id };
}

/** A caller as the audit log names it. */
export function whoIs(caller: Caller): string {
  return caller.role === "public" ? "public" : `token ${caller.token}`;
}

/** Whether a caller may read what concerns one home. */
export function mayRead(caller: Caller, site: string): boolean {
  return caller.role === "operator" || caller.role === "auditor" || (caller.role === "household" && caller.site === site);
}

/**
 * The home that a caller's lists are bounded to; null for all homes.
 * @param asked the home that the caller wants to see alone
 * @throws AppError token-missing for the public, token-not-enough where the caller asks for a home that is not its own
 */
export function boundTo(caller: Caller, asked?: string): string | null {
  if (asked !== undefined) {
    demandReader(caller, asked);
    return asked;
  }
  if (caller.role === "public") throw tokenMissing();
  return caller.role === "household" ? (caller.site ?? "") : null;
}

/** @throws AppError token-missing, token-not-enough */
export function demandReader(caller: Caller, site: string): void {
  if (mayRead(caller, site)) return;
  throw caller.role === "public" ? tokenMissing() : new AppError("token-not-enough", `this token is not for site "${site}"`);
}

/** @throws AppError token-missing, token-not-enough */
export function demandRole(caller: Caller, ...wanted: readonly Role[]): void {
  if (wanted.some((role) => role === caller.role)) return;
  if (caller.role === "public") throw tokenMissing();
  throw new AppError("token-not-enough", `this needs a token of role ${wanted.join(" or ")}, yours is of role ${caller.role}`);
}

function tokenMissing(): AppError {
  return new AppError(
    "token-missing",
    "this needs a token: Authorization: Bearer …; the operator makes one with smart-mla aggregator token create",
  );
}
