/** Numbered and additive: a released one is never edited. Instants in ms, energy in Wh, money as text. */
export const migrations: readonly string[] = [
  `
  create table boot (
    id text primary key, started_ms integer not null, ordinal integer not null,
    last_seq integer not null default 0, delivered_seq integer not null default 0) strict;
  create table sample (
    meter text not null, at_ms integer not null, received_ms integer not null, power_w integer,
    import_wh integer, export_wh integer, quality text not null, clock_synced integer not null,
    primary key (meter, at_ms)) strict, without rowid;
  create table ledger (meter text primary key, state text not null) strict;
  create table slot (
    meter text not null, register text not null, start_ms integer not null, end_ms integer not null,
    wh integer not null, quality text not null, clock_synced integer not null,
    primary key (meter, register, start_ms)) strict, without rowid;
  create table outbox (
    boot text not null, seq integer not null, body text not null, primary key (boot, seq)) strict, without rowid;
  create table replay (
    kid text not null, topic text not null, seq integer not null, hash text not null,
    primary key (kid, topic)) strict, without rowid;
  create table instruction_list (resource text primary key, plan text not null, body text not null, accepted_ms integer not null) strict;
  create table price_series (
    id integer primary key, start_ms integer not null, end_ms integer not null, body text not null unique) strict;
  create table switching (
    id integer primary key, resource text not null, at_ms integer not null, is_on integer not null, reason text not null) strict;
  create index switching_by_resource on switching (resource, at_ms);
  create table record (
    pair text not null, seq integer not null, digest text not null, body text not null, evidence text not null,
    own_signature text, other_signature text, signed_ms integer not null,
    primary key (pair, seq)) strict, without rowid;
  create table rejected_frame (
    id integer primary key, meter text not null, at_ms integer not null, code text not null, message text not null, bytes blob not null) strict;
  `,
  `
  create table override (resource text primary key, mode text not null, from_ms integer not null, until_ms integer not null) strict;
  `,
  `
  alter table switching add column mode text;
  alter table switching add column power_w integer;
  alter table override add column setting_mode text;
  alter table override add column setting_w integer;
  create table secret (name text primary key, value blob not null) strict;
  `,
  `
  create table settlement_hold (id integer primary key check (id = 1), reason text not null, since_ms integer not null) strict;
  create table consent (id integer primary key, scope text not null, at_ms integer not null, body text not null, text text not null) strict;
  create table thinned (meter text not null, bucket_ms integer not null, until_ms integer not null, primary key (meter, bucket_ms)) strict;
  `,
  `
  create table own_price (
    start_ms integer primary key, end_ms integer not null, micro text not null, taxed_micro text,
    currency text not null, source text not null) strict;
  `,
  `
  create table savings_slot (
    start_ms integer primary key, end_ms integer not null, import_micro text, export_micro text, priced_by text,
    import_wh integer, export_wh integer, pv_wh integer, estimated integer not null) strict;
  create table savings_appliance (
    resource text not null, start_ms integer not null, end_ms integer not null, actual_wh integer, held integer not null,
    fill_wh integer, baseline_wh integer, span_ms integer not null, state text not null,
    primary key (resource, start_ms)) strict, without rowid;
  create index savings_appliance_by_start on savings_appliance (start_ms);
  create index savings_appliance_open on savings_appliance (resource, start_ms) where state = 'open';
  `,
  `
  create table observed_slot (
    name text not null, start_ms integer not null, end_ms integer not null, value real not null,
    primary key (name, start_ms)) strict, without rowid;
  `,
  `
  create table cosigned (digest text primary key, at_ms integer not null) strict, without rowid;
  create table epoch_inclusion (
    leaf text primary key, party text not null, epoch integer not null, body text not null, is_final integer not null) strict, without rowid;
  create index epoch_inclusion_open on epoch_inclusion (party, epoch) where is_final = 0;
  create table publication (
    digest text primary key, from_block integer not null, tried_ms integer not null, tx text, is_done integer not null) strict, without rowid;
  `,
  `
  create table remote_config (id integer primary key check (id = 1), body text not null) strict;
  `,
  `
  create table exchange_trade (
    hash text not null, side text not null, start_ms integer not null, end_ms integer not null, wh integer not null,
    is_told integer not null, body text not null, primary key (hash, side)) strict, without rowid;
  create index exchange_trade_by_start on exchange_trade (start_ms);
  create table exchange_price (
    id integer primary key, start_ms integer not null, end_ms integer not null, body text not null) strict;
  create table exchange_pair (pair text primary key, lifted_ms integer not null) strict, without rowid;
  `,
  `
  create table newest_statement (
    pair text not null, seq integer not null, digest text not null, said_s integer not null, signature text not null,
    kept_ms integer not null, hidden_seq integer, hidden_digest text, proof text,
    primary key (pair, seq, said_s)) strict, without rowid;
  `,
];
