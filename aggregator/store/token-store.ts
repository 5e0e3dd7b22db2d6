import type { Kysely, Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** What a token lets its holder do: everything; read everything; read what concerns one home. */
export const roles = ["operator", "auditor", "household"] as const;
export type Role = (typeof roles)[number];

/** A token of the HTTP API; the token itself is not kept. */
export interface StoredToken {
  /** Short and public; log lines and lists name it. */
  id: string;
  /** SHA-256 of the token, hex. */
  hash: string;
  role: Role;
  /** The household's home; null for the other roles. */
  site: string | null;
  /** For people: who has it. */
  note: string;
  createdMs: number;
  /** Null where it does not run out. */
  expiresMs: number | null;
  revokedMs: number | null;
}

/** Tokens of the HTTP API. */
export interface TokenStore {
  addToken(token: StoredToken): Promise<void>;
  tokenByHash(hash: string): Promise<StoredToken | null>;
  tokens(): Promise<StoredToken[]>;
  /** False where there is no such token. What was revoked stays revoked as it was. */
  revokeToken(id: string, nowMs: number): Promise<boolean>;
}

/** Tokens in the aggregator's database. */
export function tokenStore(db: Kysely<Tables>): TokenStore {
  return {
    async addToken({ id, hash, role, site, note, createdMs, expiresMs, revokedMs }) {
      await db
        .insertInto("token")
        .values({ id, hash, role, site, note, created_ms: createdMs, expires_ms: expiresMs, revoked_ms: revokedMs })
        .execute();
    },
    async tokenByHash(hash) {
      const row = await db.selectFrom("token").selectAll().where("hash", "=", hash).executeTakeFirst();
      return row ? stored(row) : null;
    },
    async tokens() {
      return (await db.selectFrom("token").selectAll().orderBy("created_ms").orderBy("id").execute()).map(stored);
    },
    async revokeToken(id, nowMs) {
      await db.updateTable("token").set({ revoked_ms: nowMs }).where("id", "=", id).where("revoked_ms", "is", null).execute();
      return (await db.selectFrom("token").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
    },
  };
}

function stored(row: Selectable<Tables["token"]>): StoredToken {
  const orNull = (value: number | null): number | null => (value === null ? null : Number(value));
  return {
    id: row.id,
    hash: row.hash,
    role: row.role,
    site: row.site,
    note: row.note,
    createdMs: Number(row.created_ms),
    expiresMs: orNull(row.expires_ms),
    revokedMs: orNull(row.revoked_ms),
  };
}
