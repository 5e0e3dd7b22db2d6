import type { Kysely, Selectable } from "kysely";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";

/** What people and gateways do that the log of deeds holds. */
export type AuditAction =
  | "control.pause"
  | "control.reduce"
  | "control.limit"
  | "control.resume"
  | "token.create"
  | "token.revoke"
  | "dispute.resolve"
  | "enrol.code"
  | "enrol.gateway"
  | "enrol.revoke"
  | "erase.readings"
  | "erase.records"
  | "mirror.refill"
  | "retain.audit"
  | "rollout.start"
  | "rollout.pause"
  | "rollout.resume"
  | "rollout.abort"
  | "flex.order"
  | "flex.withdraw";

/** One deed. */
export interface AuditEntry {
  id: number;
  atMs: number;
  /** Who did it: `cli USER`, `token ID`, `gateway SITE`, `aggregator`. */
  who: string;
  action: AuditAction;
  /** The home that it is about; null where it is about several or none. */
  site: string | null;
  /** What exactly, as far as it is no secret. */
  detail: Record<string, unknown>;
}

/** A deed before it has a number. */
export type Deed = Omit<AuditEntry, "id">;

/** Who did what; entries are never changed, nor deleted before their time: the database itself refuses it. */
export interface AuditStore<Part> {
  /**
   * Does something and notes it, both or neither.
   * @param deedOf what is noted of the result; null where nothing was done after all
   */
  audited<T>(work: (part: Part) => Promise<T>, deedOf: (result: T) => Deed | null): Promise<T>;
  /** Oldest first, those after a number. */
  auditAfter(id: number, limit: number): Promise<AuditEntry[]>;
  /** Newest first, those before a number, of one home or of all. */
  audit(which: { before?: number; site?: string; limit: number }): Promise<AuditEntry[]>;
  /** Number of the newest entry; 0 without one. */
  newestAudit(): Promise<number>;
}

/** @param partOf what works within a transaction */
export function auditStore<Part>(db: Kysely<Tables>, partOf: (transaction: Kysely<Tables>) => Part): AuditStore<Part> {
  return {
    audited: (work, deedOf) =>
      serially(db, async (tx) => {
        const result = await work(partOf(tx));
        const deed = deedOf(result);
        if (deed) await tx.insertInto("audit_entry").values(rowOf(deed)).execute();
        return result;
      }),
    async auditAfter(id, limit) {
      const rows = await db.selectFrom("audit_entry").selectAll().where("id", ">", id).orderBy("id").limit(limit).execute();
      return rows.map(entryFrom);
    },
    async audit({ before, site, limit }) {
      let query = db.selectFrom("audit_entry").selectAll().orderBy("id", "desc").limit(limit);
      if (before !== undefined) query = query.where("id", "<", before);
      if (site !== undefined) query = query.where("site", "=", site);
      return (await query.execute()).map(entryFrom);
    },
    async newestAudit() {
      const row = await db
        .selectFrom("audit_entry")
        .select((eb) => eb.fn.max("id").as("id"))
        .executeTakeFirst();
      return Number(row?.id ?? 0);
    },
  };
}

const rowOf = ({ atMs, who, action, site, detail }: Deed) => ({
  at_ms: atMs,
  who,
  action,
  site,
  detail: JSON.stringify(detail),
});

function entryFrom(row: Selectable<Tables["audit_entry"]>): AuditEntry {
  return {
    id: Number(row.id),
    atMs: Number(row.at_ms),
    who: row.who,
    action: row.action as AuditAction,
    site: row.site,
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  };
}
