/** Numbered and additive: a released one is never edited. One statement each, in SQL that SQLite and PostgreSQL share. */
export const migrations: readonly (readonly string[])[] = [
  [
    `create table item (
      site text not null, boot text not null, seq bigint not null, kind text not null, meter text, role text, register text,
      start_ms bigint, end_ms bigint, wh bigint, body text not null, primary key (site, boot, seq))`,
    `create index item_slot on item (site, role, register, start_ms)`,
    `create table run (site text not null, boot text not null, contiguous_seq bigint not null, primary key (site, boot))`,
    `create table resource (site text not null, resource text not null, body text not null, primary key (site, resource))`,
    `create table status (site text not null, resource text not null, body text not null, primary key (site, resource))`,
    `create table plan (
      id integer primary key, site text not null, resource text not null, plan text not null unique, body text not null,
      sent_ms bigint not null, status text, code text)`,
    `create table sequence (name text primary key, next bigint not null)`,
    `create table cursor (site text not null, kind text not null, next_ms bigint not null, primary key (site, kind))`,
    `create table record (
      site text not null, seq bigint not null, body text not null, digest text not null, evidence text not null,
      prices text not null, state text not null, gateway_signature text, own_signature text, epoch bigint, primary key (site, seq))`,
    `create table dispute (
      id integer primary key, site text not null, seq bigint not null, code text not null, message text not null,
      own text not null, at_ms bigint not null)`,
    `create table epoch (epoch bigint primary key, root text not null, digests text not null, committed_tx text)`,
  ],
  [
    `create table gap (
      site text not null, boot text not null, from_seq bigint not null, to_seq bigint not null, from_ms bigint not null,
      to_ms bigint not null, reason text not null, primary key (site, boot, from_seq, to_seq))`,
    `create table consent_key (site text not null primary key, thumbprint text not null)`,
    `create table consent (
      site text not null, scope text not null, at_ms bigint not null, body text not null, text text not null,
      primary key (site, scope, text))`,
  ],
  [
    `create table enrolment_code (hash text primary key, site text not null, expires_ms bigint not null, serial text)`,
    `create table certificate (
      serial text primary key, site text not null, key_hash text not null, pem text not null, issued_ms bigint not null,
      not_after_ms bigint not null, revoked_ms bigint)`,
    `create index certificate_site on certificate (site)`,
    `create table erasure (id integer primary key, site text not null, at_ms bigint not null, rows text not null)`,
  ],
  [
    `create table token (
      id text primary key, hash text not null unique, role text not null, site text, note text not null,
      created_ms bigint not null, expires_ms bigint, revoked_ms bigint)`,
    `alter table epoch add column final integer not null default 0`,
    `alter table epoch add column blobs bigint not null default 0`,
    `alter table epoch add column data_sha256 text`,
    `alter table dispute add column source text not null default 'home'`,
    `alter table dispute add column state text not null default 'open'`,
    `alter table dispute add column record text`,
    `alter table dispute add column resolution text`,
    `alter table dispute add column resolved_ms bigint`,
    `create index dispute_state on dispute (state, site)`,
    `create index record_epoch on record (epoch, site, seq)`,
    `create index record_digest on record (digest)`,
    `create table series (
      hash text primary key, body text not null, start_ms bigint not null, end_ms bigint not null, epoch bigint)`,
    `create table told (site text primary key, epoch bigint not null)`,
    `create table due (what text primary key, at_ms bigint not null)`,
    `create table mirror (url text primary key, epoch bigint not null)`,
    `create table anchored (epoch bigint primary key, anchor_epoch bigint not null, tx text)`,
    `create table records_erasure (id integer primary key, site text not null, at_ms bigint not null, rows text not null)`,
    `create table top_up (id integer primary key, site text not null, micro text not null, at_ms bigint not null)`,
    `create table spend (
      chain_id bigint not null, hash text not null, what text not null, block bigint not null, at_ms bigint not null,
      gas bigint not null, blob_gas bigint not null, fee_wei text not null, records bigint not null, primary key (chain_id, hash))`,
  ],
  [
    `alter table record add column kind text`,
    `alter table record add column payer text`,
    `alter table record add column start_ms bigint`,
    `alter table record add column wh bigint`,
    `alter table record add column micro text`,
    // SQLite's words: there is no PostgreSQL database that is older than these columns.
    `update record set kind = body ->> 'kind', payer = body ->> 'payer', wh = body ->> 'wh', micro = body ->> 'amount',
      start_ms = unixepoch(body ->> 'start') * 1000`,
    `create index record_start on record (start_ms)`,
  ],
  [
    `create table flex_event (
      site text not null, plan text not null, resource text not null, agreement text not null, meter text not null,
      baseline text not null, start_ms bigint not null, end_ms bigint not null, power_w bigint,
      overridden integer not null default 0, primary key (site, plan, resource, start_ms))`,
    `create index flex_event_end on flex_event (site, end_ms)`,
    `create table flex_price (start_ms bigint primary key, end_ms bigint not null, per_kwh text not null, frozen_ms bigint not null)`,
    `create table reward (
      site text not null, start_ms bigint not null, end_ms bigint not null, agreement text not null, earned text not null,
      amount text not null, evidence text, at_ms bigint not null, primary key (site, start_ms))`,
  ],
  [
    `create table operator_word (
      id integer primary key, word text not null, scope text not null, name text not null, at_ms bigint not null,
      until_ms bigint, ended_ms bigint, limit_w bigint)`,
    `create table feeder_shortfall (
      id integer primary key, feeder text not null, kind text not null, start_ms bigint not null, end_ms bigint not null,
      amount_w bigint not null, at_ms bigint not null)`,
    `create table curtailment (site text not null, day_ms bigint not null, wh bigint not null, primary key (site, day_ms))`,
    `create index plan_site on plan (site, resource, id)`,
  ],
  [
    `alter table flex_event add column excused integer not null default 0`,
    `create table feeder_charge (
      feeder text not null, start_ms bigint not null, end_ms bigint not null, per_kwh text not null, agreement text not null,
      frozen_ms bigint not null, primary key (feeder, start_ms))`,
    `create table flex_income (
      start_ms bigint not null, end_ms bigint not null, source text not null, micro text not null,
      primary key (start_ms, end_ms, source))`,
  ],
  [
    `alter table plan add column answered_ms bigint`,
    `alter table plan add column message text`,
    `create table audit_entry (
      id integer primary key, at_ms bigint not null, who text not null, action text not null, site text, detail text not null)`,
    // SQLite's words, which PostgreSQL's engine translates.
    `create trigger audit_entry_no_update before update on audit_entry begin select raise(abort, 'the audit log is append-only'); end`,
    `create trigger audit_entry_no_delete before delete on audit_entry begin select raise(abort, 'the audit log is append-only'); end`,
    `create table gateway_config (
      site text primary key, revision text, wanted text not null, report text, reported_ms bigint)`,
    `create table rollout (
      id integer primary key, revision text not null unique, wanted text not null, rules text not null, state text not null,
      stage bigint not null, reason text, created_ms bigint not null, ended_ms bigint)`,
    `create table rollout_site (
      rollout bigint not null, site text not null, stage bigint not null, state text not null, before_revision text,
      before_wanted text, sent_ms bigint, ended_ms bigint, code text, message text, primary key (rollout, site))`,
  ],
  [
    `alter table run add column newest_seq bigint`,
    `alter table run add column receipt_number bigint not null default 0`,
    `create table lease (name text primary key, holder text not null, token bigint not null, beat bigint not null)`,
  ],
  [
    `create table flex_prognosis (point text not null, date text not null, body text not null, primary key (point, date))`,
    `create table flex_offer (
      id text primary key, point text not null, date text not null, price text not null, power text not null,
      revoked integer not null default 0)`,
    `create index flex_offer_day on flex_offer (point, date)`,
    // One order binds for a day.
    `create table flex_order (
      reference text primary key, point text not null, date text not null, timezone text not null, slot_minutes bigint not null,
      start_ms bigint not null, end_ms bigint not null, power text not null, baseline text not null, asked text not null,
      price text not null, penalty_per_kwh text not null, ordered_ms bigint not null, net text, agreed_ms bigint,
      proposed text, proposed_ms bigint, unique (point, date))`,
    `create index flex_order_end on flex_order (end_ms)`,
  ],
  [
    `alter table run add column thinned_seq bigint not null default 0`,
    `create table thinned (
      site text primary key, samples bigint not null, slots bigint not null, switches bigint not null, import_wh bigint not null,
      export_wh bigint not null, plans_accepted bigint not null, plans_rejected bigint not null)`,
    `create table audit_kept (from_ms bigint not null)`,
    `insert into audit_kept values (0)`,
    `drop trigger audit_entry_no_delete`,
    // SQLite's words, which PostgreSQL's engine translates.
    `create trigger audit_entry_no_delete before delete on audit_entry when old.at_ms >= (select from_ms from audit_kept)
      begin select raise(abort, 'the audit log is append-only'); end`,
  ],
  [`create table traded (site text primary key, body text not null)`],
  [
    `create index item_switch on item (site, start_ms) where kind = 'switch'`,
    `create table fill (
      site text not null, resource text not null, part bigint not null, at_ms bigint not null, value double precision not null,
      primary key (site, resource, part))`,
  ],
  [`alter table flex_order add column leeway text`],
];
