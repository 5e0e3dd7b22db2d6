import type { Kysely, Selectable } from "kysely";
import { RecordWire } from "../../core/message/settlement-message.ts";
import type { SettledKind } from "./aggregator-store.ts";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";

/**
 * Who says that something is wrong: a home that disputes a record, the chain that does not settle one, or the aggregator of a
 * home that is supplied and does not sign.
 */
export type DisputeSource = "home" | "chain" | "aggregator";

/**
 * What was done: the period was proposed again from the present slots, or from those that the home sent last; it was left
 * out; or the chain took the record, or the home signed, after all.
 */
export type Resolution = "again" | "home" | "skip" | "settled" | "signed";

/** One entry of the operator's queue. */
export interface Dispute {
  id: number;
  site: string;
  seq: number;
  source: DisputeSource;
  code: string;
  message: string;
  /** The home's own figures, as it sent them; of a home that does not sign what was metered. */
  own: unknown;
  /** What was proposed, or what the chain did not settle; null in entries of older programs. */
  record: RecordWire | null;
  atMs: number;
  resolution: Resolution | null;
  resolvedMs: number | null;
}

/** What waits for a person. */
export interface DisputeStore {
  addDispute(dispute: Omit<Dispute, "id" | "resolution" | "resolvedMs">): Promise<void>;
  /** By number; `open` only those that wait. */
  disputes(which: { open: boolean; site?: string; after?: number; limit: number }): Promise<Dispute[]>;
  disputeOf(id: number): Promise<Dispute | null>;
  /** Open entries of a home that the chain is the source of. */
  unsettledSites(): Promise<string[]>;
  /** Closes what the chain did not settle at a home up to a number. */
  settledNow(site: string, seq: number, nowMs: number): Promise<void>;
  /** Homes that do not sign: those with an open entry of the aggregator's. */
  unsignedSites(): Promise<string[]>;
  /** Closes these entries of a home. */
  signedNow(site: string, nowMs: number): Promise<void>;
  /**
   * Closes a home's dispute and takes the disputed record back, all or nothing: `again` and `home` put the period's start
   * back, so that it is proposed anew under the same number; `skip` goes on after it. Nobody but the home could have signed
   * that record, and it has refused to.
   * @returns false where it is not open any more, or the record is not disputed any more
   */
  resolveDispute(id: number, resolution: Exclude<Resolution, "settled" | "signed">, nowMs: number): Promise<boolean>;
  /** Whether a person has decided that the home's last slots count for a period. */
  homeCounts(site: string, kind: SettledKind, start: string): Promise<boolean>;
}

/** The operator's queue in the aggregator's database. */
export function disputeStore(db: Kysely<Tables>): DisputeStore {
  const sitesOf = async (source: DisputeSource): Promise<string[]> => {
    const rows = await db
      .selectFrom("dispute")
      .select("site")
      .distinct()
      .where("state", "=", "open")
      .where("source", "=", source)
      .orderBy("site")
      .execute();
    return rows.map(({ site }) => site);
  };
  const close = (site: string, source: DisputeSource, resolution: Resolution, nowMs: number) =>
    db
      .updateTable("dispute")
      .set({ state: "resolved", resolution, resolved_ms: nowMs })
      .where("site", "=", site)
      .where("source", "=", source)
      .where("state", "=", "open");
  return {
    async addDispute({ site, seq, source, code, message, own, record, atMs }) {
      const [ownText, recordText] = [JSON.stringify(own), record && JSON.stringify(record)];
      const row = { site, seq, source, code, message, own: ownText, record: recordText, at_ms: atMs };
      await db
        .insertInto("dispute")
        .values({ ...row, state: "open", resolution: null, resolved_ms: null })
        .execute();
    },
    async disputes({ open, site, after = 0, limit }) {
      let query = db.selectFrom("dispute").selectAll().where("id", ">", after).orderBy("id").limit(limit);
      if (site !== undefined) query = query.where("site", "=", site);
      if (open) query = query.where("state", "=", "open");
      return (await query.execute()).map(disputeFrom);
    },
    async disputeOf(id) {
      const row = await db.selectFrom("dispute").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? disputeFrom(row) : null;
    },
    unsettledSites: () => sitesOf("chain"),
    unsignedSites: () => sitesOf("aggregator"),
    async settledNow(site, seq, nowMs) {
      await close(site, "chain", "settled", nowMs).where("seq", "<=", seq).execute();
    },
    async signedNow(site, nowMs) {
      await close(site, "aggregator", "signed", nowMs).execute();
    },
    async resolveDispute(id, resolution, nowMs) {
      return serially(db, async (tx) => {
        // A write comes first, so that nobody else writes between the question and the answer.
        const closed = await tx
          .updateTable("dispute")
          .set({ state: "resolved", resolution, resolved_ms: nowMs })
          .where("id", "=", id)
          .where("state", "=", "open")
          .where("source", "=", "home")
          .executeTakeFirst();
        const row = await tx.selectFrom("dispute").selectAll().where("id", "=", id).executeTakeFirst();
        const disputed =
          closed.numUpdatedRows === 1n && row
            ? await tx
                .selectFrom("record")
                .select("body")
                .where("site", "=", row.site)
                .where("seq", "=", row.seq)
                .where("state", "=", "disputed")
                .executeTakeFirst()
            : undefined;
        if (!row || !disputed) {
          if (closed.numUpdatedRows === 1n)
            await tx
              .updateTable("dispute")
              .set({ state: "open", resolution: null, resolved_ms: null })
              .where("id", "=", id)
              .execute();
          return false;
        }
        await tx.deleteFrom("record").where("site", "=", row.site).where("seq", "=", row.seq).execute();
        const { kind, start } = RecordWire.parse(JSON.parse(disputed.body));
        if (resolution !== "skip")
          await tx
            .updateTable("cursor")
            .set({ next_ms: Date.parse(start) })
            .where("site", "=", row.site)
            .where("kind", "=", kind as SettledKind)
            .execute();
        return true;
      });
    },
    async homeCounts(site, kind, start) {
      const rows = await db
        .selectFrom("dispute")
        .select("record")
        .where("state", "=", "resolved")
        .where("site", "=", site)
        .where("resolution", "=", "home")
        .orderBy("id", "desc")
        .limit(100)
        .execute();
      return rows.some(({ record }) => {
        const parsed = record === null ? null : RecordWire.parse(JSON.parse(record));
        return parsed?.kind === kind && parsed.start === start;
      });
    },
  };
}

function disputeFrom(row: Selectable<Tables["dispute"]>): Dispute {
  return {
    id: Number(row.id),
    site: row.site,
    seq: Number(row.seq),
    source: row.source,
    code: row.code,
    message: row.message,
    own: JSON.parse(row.own),
    record: row.record === null ? null : RecordWire.parse(JSON.parse(row.record)),
    atMs: Number(row.at_ms),
    resolution: row.resolution,
    resolvedMs: row.resolved_ms === null ? null : Number(row.resolved_ms),
  };
}
