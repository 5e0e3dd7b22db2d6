import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError, errorMessage } from "../../core/app-error.ts";

/** The exchange's database. */
export type ExchangeDb = Database.Database;

/** Numbered and additive: a released one is never edited. Instants in ms, energy in Wh, documents and money as text. */
const migrations: readonly string[] = [
  `
  create table event (id integer primary key, start_ms integer not null, at_ms integer not null, body text not null) strict;
  create index event_by_start on event (start_ms);
  create table forecast (participant text primary key, body text not null) strict;
  create table signed_order (hash text primary key, start_ms integer not null, body text not null) strict;
  create table trade (
    hash text primary key, start_ms integer not null, end_ms integer not null, cleared_ms integer not null, body text not null) strict;
  create table leg (
    hash text not null, side text not null, participant text not null, order_hash text not null, start_ms integer not null,
    end_ms integer not null, cleared_ms integer not null, payer text not null, amount text not null, wh integer not null,
    seq integer, primary key (hash, side)) strict, without rowid;
  create index leg_by_participant on leg (participant, end_ms);
  create index leg_open on leg (participant, end_ms) where seq is null;
  create table metered (
    participant text not null, start_ms integer not null, end_ms integer not null, import_wh integer not null,
    export_wh integer not null, primary key (participant, start_ms)) strict, without rowid;
  create table correction (
    participant text not null, start_ms integer not null, side text not null, seq integer not null,
    primary key (participant, start_ms, side)) strict, without rowid;
  create table record (
    participant text not null, seq integer not null, body text not null, digest text not null, evidence text not null,
    prices text not null, state text not null, participant_signature text, own_signature text, epoch integer,
    primary key (participant, seq)) strict, without rowid;
  create index record_open on record (epoch) where epoch is null;
  create table series (hash text primary key, start_ms integer not null, end_ms integer not null, body text not null, epoch integer) strict;
  create table epoch (epoch integer primary key, root text not null, leaves text not null, tx text) strict;
  create table result (
    start_ms integer not null, cleared_ms integer not null, body text not null, primary key (start_ms, cleared_ms)) strict, without rowid;
  create table due (what text primary key, at_ms integer not null) strict;
  `,
  `
  alter table epoch add column final integer not null default 0;
  alter table epoch add column blobs integer not null default 0;
  alter table epoch add column data_sha256 text;
  create table mirror (url text primary key, epoch integer not null) strict;
  create table top_up (participant text not null, micro text not null, at_ms integer not null) strict;
  create table dispute (
    id integer primary key, participant text not null, seq integer not null, code text not null, message text not null,
    own text not null, record text not null, at_ms integer not null, resolution text, resolved_ms integer) strict;
  insert into dispute (participant, seq, code, message, own, record, at_ms)
    select participant, seq, 'unknown', 'an older program did not keep what the participant said', '{}', body, 0
    from record where state = 'disputed';
  `,
];

/**
 * Opens (and makes, mode 0600) the exchange's SQLite file, WAL with synchronous=FULL.
 * @throws AppError store-unusable, store-not-durable, store-too-new
 */
export function openExchangeDatabase(file: string): ExchangeDb {
  let db: ExchangeDb;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    db = new Database(file);
    chmodSync(file, 0o600);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
  } catch (cause) {
    const message = `database ${file} cannot be used (${errorMessage(cause)}); check its folder, its mode and the disk`;
    throw new AppError("store-unusable", message, { cause });
  }
  if (db.pragma("synchronous", { simple: true }) !== 2)
    throw new AppError("store-not-durable", `database ${file} did not take synchronous=FULL`);
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > migrations.length)
    throw new AppError(
      "store-too-new",
      `database ${file} has version ${version}, this program knows ${migrations.length}; install a newer one`,
    );
  for (let next = version; next < migrations.length; next++)
    db.transaction(() => {
      db.exec(migrations[next] ?? "");
      db.pragma(`user_version = ${next + 1}`);
    })();
  return db;
}
