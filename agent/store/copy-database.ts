import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { syncFolder } from "../../core/write-whole-file.ts";
import { openDatabase } from "./open-database.ts";
import { damageMark, markDamaged } from "./open-sound.ts";
import { hold } from "./settlement-hold.ts";
import { damaged, sqliteFailure, unusable } from "./sqlite-failure.ts";

/** What a copy holds, counted in the copy itself. */
export interface DatabaseCopy {
  file: string;
  bytes: number;
  rows: Record<string, number>;
}

const counted = ["sample", "slot", "outbox", "switching", "record"];

/**
 * Copies the database of an agent, which may be running, into a new file of mode 0600, and reads the whole copy before it
 * has its name: what stands there is sound.
 * @throws AppError backup-exists, store-damaged, store-full, store-unusable
 */
export function backUp(from: string, to: string): DatabaseCopy {
  if (existsSync(to)) throw new AppError("backup-exists", `${to} exists already; name a new file`);
  if (!existsSync(from)) throw new AppError("store-unusable", `no database ${from}; has the agent ever run?`);
  if (!existsSync(dirname(to))) throw new AppError("store-unusable", `no folder ${dirname(to)} for the backup; make it first`);
  const half = `${to}.part`;
  let db: Database.Database | undefined;
  try {
    removeDatabase(half);
    db = new Database(from, { readonly: true });
    // Empty and for its owner alone before the first page: SQLite itself would make it readable for all.
    writeFileSync(half, "", { mode: 0o600, flag: "wx" });
    db.prepare("vacuum into ?").run(half);
    const rows = soundRows(half);
    syncFile(half);
    renameSync(half, to);
    syncFolder(dirname(to));
    return { file: to, bytes: statSync(to).size, rows };
  } catch (error) {
    removeDatabase(half);
    throw error instanceof AppError ? error : (sqliteFailure(error, from) ?? unusable(to, error));
  } finally {
    db?.close();
  }
}

/**
 * Puts a copy in the place of an agent's database; what is there now is set aside. The agent must not run. Control
 * messages that were seen since the copy stay seen, consents that were given or taken back since stay so, records that were
 * signed since stay signed (all this as far as the database there can be read), rows that were numbered since are not
 * numbered twice (each run has numbers of its own), and settlement is held until the aggregator has shown the newest records.
 * @returns what the copy holds, and where the replaced database lies now (null where there was none)
 * @throws AppError backup-damaged, store-too-new, store-full, store-unusable; nothing is changed then
 */
export function restore(from: string, to: string, nowMs: number): DatabaseCopy & { aside: string | null } {
  if (!existsSync(from)) throw new AppError("store-unusable", `no backup ${from}; is the path right?`);
  // A new gateway, where no agent has run yet.
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  const half = `${to}.part`;
  const wasMarked = existsSync(damageMark(to));
  removeDatabase(half);
  try {
    copySound(from, half);
    // Brings it to this version; too new a one is refused before anything is moved.
    const db = openDatabase(half);
    try {
      hold(db, "the database was restored from a backup", nowMs);
      if (existsSync(to)) keepSaid(db, to);
      db.pragma("wal_checkpoint(truncate)");
    } finally {
      db.close();
    }
    const rows = soundRows(half);
    // A reader leaves them behind, empty: everything is in the file.
    for (const part of ["-wal", "-shm"]) rmSync(half + part, { force: true });
    // An end between the two renames must not leave room for an empty database that signs.
    markDamaged(to);
    const aside = existsSync(to) ? `${to}.before-restore-${iso(nowMs).replaceAll(":", "")}` : null;
    if (aside) for (const part of ["", "-wal", "-shm"]) if (existsSync(to + part)) renameSync(to + part, aside + part);
    // Put back by root, read by the agent's own user.
    const { uid, gid } = statSync(dirname(to));
    if (process.getuid?.() === 0) chownSync(half, uid, gid);
    renameSync(half, to);
    // It may also have told of the database that lies aside now.
    rmSync(damageMark(to), { force: true });
    syncFolder(dirname(to));
    return { file: to, bytes: statSync(to).size, rows, aside };
  } catch (error) {
    removeDatabase(half);
    if (!wasMarked && existsSync(to)) rmSync(damageMark(to), { force: true });
    throw error instanceof AppError ? error : unusable(to, error);
  }
}

/** @throws AppError backup-damaged, and as backUp */
function copySound(from: string, to: string): void {
  try {
    backUp(from, to);
  } catch (error) {
    if (errorCode(error) !== "store-damaged") throw error;
    const message = `${from} is no sound backup, and nothing was changed; take another one`;
    throw new AppError("backup-damaged", message, { cause: error });
  }
}

/**
 * What never goes back: numbers of control messages, as an old message must not count as new; the household's word over
 * its data, as what it took back must not leave the house again; and what was signed, as nothing may be signed twice.
 */
function keepSaid(into: Database.Database, current: string): void {
  let db: Database.Database | undefined;
  try {
    db = new Database(current, { readonly: true });
    keepSeen(into, db);
    keepConsents(into, db);
    keepSigned(into, db);
  } catch {
    // The database that is replaced may be the broken one; its messages end by their own time.
    return;
  } finally {
    db?.close();
  }
}

function keepSeen(into: Database.Database, from: Database.Database): void {
  const insert = into.prepare(
    `insert into replay values (?, ?, ?, ?) on conflict (kid, topic) do update
     set seq = excluded.seq, hash = excluded.hash where excluded.seq > replay.seq`,
  );
  for (const { kid, topic, seq, hash } of from
    .prepare<[], { kid: string; topic: string; seq: number; hash: string }>("select * from replay")
    .all())
    insert.run(kid, topic, seq, hash);
}

function keepConsents(into: Database.Database, from: Database.Database): void {
  const insert = into.prepare(
    `insert into consent (scope, at_ms, body, text)
     select @scope, @at_ms, @body, @text where not exists (select 1 from consent where text = @text)`,
  );
  for (const row of from.prepare("select scope, at_ms, body, text from consent order by id").all()) insert.run(row);
}

function keepSigned(into: Database.Database, from: Database.Database): void {
  const copyRows = (table: string, columns: string): void => {
    const values = columns.replaceAll(/\w+/g, "@$&");
    const insert = into.prepare(`insert or ignore into ${table} (${columns}) values (${values})`);
    for (const row of from.prepare(`select ${columns} from ${table}`).iterate()) insert.run(row);
  };
  into.transaction(() => {
    copyRows("record", "pair, seq, digest, body, evidence, own_signature, other_signature, signed_ms");
    copyRows("cosigned", "digest, at_ms");
    // A record of the copy may have got its countersignature since.
    const sign = into.prepare(
      `update record set own_signature = coalesce(own_signature, @own), other_signature = coalesce(other_signature, @other)
       where digest = @digest and (own_signature is null or other_signature is null)`,
    );
    const signed = from.prepare("select digest, own_signature as own, other_signature as other from record");
    for (const row of signed.iterate()) sign.run(row);
  })();
  copyRows("newest_statement", "pair, seq, digest, said_s, signature, kept_ms, hidden_seq, hidden_digest, proof");
}

/** @throws AppError store-damaged, store-unusable */
function soundRows(file: string): Record<string, number> {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const said = db.pragma("integrity_check(1)", { simple: true });
    if (said !== "ok") throw damaged(file, new Error(String(said)));
    const count = (table: string): number => db?.prepare<[], { n: number }>(`select count(*) as n from "${table}"`).get()?.n ?? 0;
    return Object.fromEntries(counted.map((table) => [table, count(table)]));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw sqliteFailure(error, file) ?? new AppError("store-unusable", `${file} is no database: ${errorMessage(error)}`);
  } finally {
    db?.close();
  }
}

/** With all that SQLite keeps beside it. */
function removeDatabase(file: string): void {
  for (const part of ["", "-wal", "-shm", "-journal"]) rmSync(file + part, { force: true });
}

function syncFile(file: string): void {
  const handle = openSync(file, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
