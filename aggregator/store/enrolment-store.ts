import type { Kysely } from "kysely";
import { serially } from "./serially.ts";
import type { Tables } from "./tables.ts";

/** A certificate of a gateway. */
export interface GatewayCertificate {
  /** Lower-case hex. */
  serial: string;
  site: string;
  /** SHA-256 of its public key, hex. */
  keyHash: string;
  pem: string;
  issuedMs: number;
  notAfterMs: number;
  revokedMs: number | null;
}

/** A one-time code; only its hash is known here. */
export interface StoredCode {
  hash: string;
  site: string;
  expiresMs: number;
  /** Serial of the certificate that it was used for; null while it was not. */
  serial: string | null;
}

/** Codes and certificates. */
export interface EnrolmentStore {
  addCode(code: Omit<StoredCode, "serial">): Promise<void>;
  code(hash: string): Promise<StoredCode | null>;
  /** Deletes unused codes that ran out a month ago; until then whoever tries one hears why it is refused. */
  dropOldCodes(nowMs: number): Promise<void>;
  /** Uses up a code and records the certificate, both or neither. False where the code was used before, or is not good any more. */
  redeem(hash: string, certificate: GatewayCertificate): Promise<boolean>;
  /** Records a certificate that follows another. False where that one is revoked or unknown. */
  addRenewed(previous: string, certificate: GatewayCertificate): Promise<boolean>;
  certificate(serial: string): Promise<GatewayCertificate | null>;
  /** Revokes what the site has, and its unused codes; gives the number of certificates. */
  revokeSite(site: string, nowMs: number): Promise<number>;
  /** Revoked certificates that would still be good. */
  revoked(nowMs: number): Promise<{ serial: string; revokedMs: number }[]>;
}

const keepExpiredMs = 30 * 86_400_000;

/** Enrolment in the aggregator's database. */
export function enrolmentStore(db: Kysely<Tables>): EnrolmentStore {
  return {
    async addCode({ hash, site, expiresMs }) {
      await db.insertInto("enrolment_code").values({ hash, site, expires_ms: expiresMs, serial: null }).execute();
    },
    async code(hash) {
      const row = await db.selectFrom("enrolment_code").selectAll().where("hash", "=", hash).executeTakeFirst();
      return row ? { hash: row.hash, site: row.site, expiresMs: Number(row.expires_ms), serial: row.serial } : null;
    },
    async dropOldCodes(nowMs) {
      await db
        .deleteFrom("enrolment_code")
        .where("serial", "is", null)
        .where("expires_ms", "<", nowMs - keepExpiredMs)
        .execute();
    },
    async redeem(hash, certificate) {
      return serially(db, async (tx) => {
        const used = await tx
          .updateTable("enrolment_code")
          .set({ serial: certificate.serial })
          .where("hash", "=", hash)
          .where("site", "=", certificate.site)
          .where("serial", "is", null)
          .where("expires_ms", ">", certificate.issuedMs)
          .executeTakeFirst();
        if (used.numUpdatedRows !== 1n) return false;
        await tx.insertInto("certificate").values(rowOf(certificate)).execute();
        // A gateway that enrols anew may have lost the key that it signed consents with.
        await tx.deleteFrom("consent_key").where("site", "=", certificate.site).execute();
        return true;
      });
    },
    async addRenewed(previous, certificate) {
      return serially(db, async (tx) => {
        // A write comes first, so that nobody else writes between the question and the answer.
        const row = rowOf(certificate);
        await tx.insertInto("certificate").values(row).execute();
        const before = await tx
          .selectFrom("certificate")
          .select("serial")
          .where("serial", "=", previous)
          .where("site", "=", certificate.site)
          .where("revoked_ms", "is", null)
          .executeTakeFirst();
        if (before) return true;
        await tx.deleteFrom("certificate").where("serial", "=", row.serial).execute();
        return false;
      });
    },
    async certificate(serial) {
      const row = await db.selectFrom("certificate").selectAll().where("serial", "=", serial).executeTakeFirst();
      return row ? fromRow(row) : null;
    },
    async revokeSite(site, nowMs) {
      return serially(db, async (tx) => {
        const revoked = await tx
          .updateTable("certificate")
          .set({ revoked_ms: nowMs })
          .where("site", "=", site)
          .where("revoked_ms", "is", null)
          .executeTakeFirst();
        await tx.deleteFrom("enrolment_code").where("site", "=", site).where("serial", "is", null).execute();
        return Number(revoked.numUpdatedRows);
      });
    },
    async revoked(nowMs) {
      const rows = await db
        .selectFrom("certificate")
        .select(["serial", "revoked_ms"])
        .where("revoked_ms", "is not", null)
        .where("not_after_ms", ">", nowMs)
        .orderBy("revoked_ms")
        .execute();
      return rows.map((row) => ({ serial: row.serial, revokedMs: Number(row.revoked_ms) }));
    },
  };
}

function rowOf({ serial, site, keyHash, pem, issuedMs, notAfterMs, revokedMs }: GatewayCertificate): Tables["certificate"] {
  return { serial, site, key_hash: keyHash, pem, issued_ms: issuedMs, not_after_ms: notAfterMs, revoked_ms: revokedMs };
}

function fromRow(row: Tables["certificate"]): GatewayCertificate {
  return {
    serial: row.serial,
    site: row.site,
    keyHash: row.key_hash,
    pem: row.pem,
    issuedMs: Number(row.issued_ms),
    notAfterMs: Number(row.not_after_ms),
    revokedMs: row.revoked_ms === null ? null : Number(row.revoked_ms),
  };
}
