import type { Generated } from "kysely";
import type { InstructionAck } from "../../core/message/instruction.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { RecordState, SettledKind } from "./aggregator-store.ts";
import type { DisputeSource, Resolution } from "./dispute-store.ts";
import type { RolloutSiteState, RolloutState } from "./fleet-store.ts";
import type { FlexEvent } from "./event-store.ts";
import type { Role } from "./token-store.ts";

/** Tables of the aggregator's database. Instants in ms, energy in Wh, money and documents as text. */
export interface Tables {
  item: {
    site: string;
    boot: string;
    seq: number;
    kind: string;
    meter: string | null;
    role: string | null;
    register: string | null;
    start_ms: number | null;
    end_ms: number | null;
    wh: number | null;
    body: string;
  };
  gap: { site: string; boot: string; from_seq: number; to_seq: number; from_ms: number; to_ms: number; reason: string };
  /**
   * `newest_seq`: the highest that came, null where an older program counted; `receipt_number`: of the newest receipt;
   * `thinned_seq`: the highest that was deleted for its age.
   */
  run: {
    site: string;
    boot: string;
    contiguous_seq: number;
    newest_seq: number | null;
    receipt_number: Generated<number>;
    thinned_seq: Generated<number>;
  };
  /** What was counted of rows and plans that were deleted for their age. */
  thinned: {
    site: string;
    samples: number;
    slots: number;
    switches: number;
    import_wh: number;
    export_wh: number;
    plans_accepted: number;
    plans_rejected: number;
  };
  /** Older entries of the audit log may be deleted. */
  audit_kept: { from_ms: number };
  /** Who does a piece of work that one may do at a time; `beat` changes while it lives, `token` with each holder. */
  lease: { name: string; holder: string; token: number; beat: number };
  consent_key: { site: string; thumbprint: string };
  consent: { site: string; scope: string; at_ms: number; body: string; text: string };
  resource: { site: string; resource: string; body: string };
  status: { site: string; resource: string; body: string };
  traded: { site: string; body: string };
  /** How warm tanks were; `part`: five minutes since 1970, of which one value is kept. */
  fill: { site: string; resource: string; part: number; at_ms: number; value: number };
  plan: {
    id: Generated<number>;
    site: string;
    resource: string;
    plan: string;
    body: string;
    sent_ms: number;
    status: InstructionAck["status"] | null;
    code: string | null;
    /** When the answer came, and its words. */
    answered_ms: number | null;
    message: string | null;
  };
  sequence: { name: string; next: number };
  cursor: { site: string; kind: SettledKind; next_ms: number };
  record: {
    site: string;
    seq: number;
    body: string;
    digest: string;
    evidence: string;
    prices: string;
    state: RecordState;
    gateway_signature: string | null;
    own_signature: string | null;
    epoch: number | null;
    /** What statistics ask for, out of the body. */
    kind: RecordWire["kind"] | null;
    payer: string | null;
    start_ms: number | null;
    wh: number | null;
    micro: string | null;
  };
  /** `source`: who says so, a home or the chain; `record`: what was proposed; `resolution`: what was done about it. */
  dispute: {
    id: Generated<number>;
    site: string;
    seq: number;
    code: string;
    message: string;
    own: string;
    at_ms: number;
    source: DisputeSource;
    state: "open" | "resolved";
    record: string | null;
    resolution: Resolution | null;
    resolved_ms: number | null;
  };
  /** Only the hash of a one-time code is kept; `serial` once it was used. */
  enrolment_code: { hash: string; site: string; expires_ms: number; serial: string | null };
  certificate: {
    serial: string;
    site: string;
    key_hash: string;
    pem: string;
    issued_ms: number;
    not_after_ms: number;
    revoked_ms: number | null;
  };
  /** What a home had deleted, and when. */
  erasure: { id: Generated<number>; site: string; at_ms: number; rows: string };
  token: {
    id: string;
    hash: string;
    role: Role;
    site: string | null;
    note: string;
    created_ms: number;
    expires_ms: number | null;
    revoked_ms: number | null;
  };
  /** The same for settlement records. */
  records_erasure: { id: Generated<number>; site: string; at_ms: number; rows: string };
  /** `final`: 1 once the chain cannot undo it; `blobs`: how many of its data's are on chain; `data_sha256`: of its data's file. */
  epoch: {
    epoch: number;
    root: string;
    digests: string;
    committed_tx: string | null;
    final: Generated<number>;
    blobs: Generated<number>;
    data_sha256: string | null;
  };
  /** Announced prices, by the hash that stands in records; `epoch`: what binds the aggregator to them. */
  series: { hash: string; body: string; start_ms: number; end_ms: number; epoch: number | null };
  /** Up to which epoch a home has been sent its proofs. */
  told: { site: string; epoch: number };
  /** When something that comes round is due next. */
  due: { what: string; at_ms: number };
  /** Up to which epoch a mirror has the data. */
  mirror: { url: string; epoch: number };
  /** Number of an epoch on the public chain. */
  anchored: { epoch: number; anchor_epoch: number; tx: string | null };
  top_up: { id: Generated<number>; site: string; micro: string; at_ms: number };
  /** Own transactions. Gas in units, the fee in wei as text. */
  spend: {
    chain_id: number;
    hash: string;
    what: string;
    block: number;
    at_ms: number;
    gas: number;
    blob_gas: number;
    fee_wei: string;
    records: number;
  };
  flex_event: {
    site: string;
    plan: string;
    resource: string;
    agreement: string;
    meter: string;
    baseline: FlexEvent["baseline"];
    start_ms: number;
    end_ms: number;
    power_w: number | null;
    overridden: number;
    /** 1: safety or a lost line stood above the instructions. */
    excused: Generated<number>;
  };
  /** What a kWh is worth, fixed before the slot began. */
  flex_price: { start_ms: number; end_ms: number; per_kwh: string; frozen_ms: number };
  /** What a kWh costs more in a feeder's slot by the contract with its grid operator, fixed before the slot began. */
  feeder_charge: {
    feeder: string;
    start_ms: number;
    end_ms: number;
    per_kwh: string;
    agreement: string;
    frozen_ms: number;
  };
  /** What flexibility brought in on a service day, by who paid or what was saved. */
  flex_income: { start_ms: number; end_ms: number; source: string; micro: string };
  /** What was told a grid operator about a day at a congestion point. */
  flex_prognosis: { point: string; date: string; body: string };
  /** What it may order; `power`: W a slot. */
  flex_offer: { id: string; point: string; date: string; price: string; power: string; revoked: Generated<number> };
  /** What it has ordered; `net`: what that came to, once both agree; `proposed`: its proposal while that has no answer. */
  flex_order: {
    reference: string;
    point: string;
    date: string;
    timezone: string;
    slot_minutes: number;
    start_ms: number;
    end_ms: number;
    power: string;
    baseline: string;
    asked: string;
    leeway: string | null;
    price: string;
    penalty_per_kwh: string;
    ordered_ms: number;
    net: string | null;
    agreed_ms: number | null;
    proposed: string | null;
    proposed_ms: number | null;
  };
  /** What a home gets for a service day. */
  reward: {
    site: string;
    start_ms: number;
    end_ms: number;
    agreement: string;
    earned: string;
    amount: string;
    evidence: string | null;
    at_ms: number;
  };
  /** `scope` with `name`: whom it is about; `ended_ms`: when it was taken back. */
  operator_word: {
    id: Generated<number>;
    word: "pause" | "reduce" | "limit";
    scope: "home" | "feeder" | "all";
    name: string;
    at_ms: number;
    until_ms: number | null;
    ended_ms: number | null;
    limit_w: number | null;
  };
  feeder_shortfall: {
    id: Generated<number>;
    feeder: string;
    kind: "import-limit" | "export-limit";
    start_ms: number;
    end_ms: number;
    amount_w: number;
    at_ms: number;
  };
  curtailment: { site: string; day_ms: number; wh: number };
  /** Who did what; the database refuses changes. */
  audit_entry: {
    id: Generated<number>;
    at_ms: number;
    who: string;
    action: string;
    site: string | null;
    detail: string;
  };
  /** What a gateway shall run by and what it said of it. `wanted`, `report`: JSON. */
  gateway_config: {
    site: string;
    revision: string | null;
    wanted: string;
    report: string | null;
    reported_ms: number | null;
  };
  rollout: {
    id: Generated<number>;
    revision: string;
    wanted: string;
    rules: string;
    state: RolloutState;
    stage: number;
    reason: string | null;
    created_ms: number;
    ended_ms: number | null;
  };
  /** `before_…`: what the gateway was wanted to run by until then. */
  rollout_site: {
    rollout: number;
    site: string;
    stage: number;
    state: RolloutSiteState;
    before_revision: string | null;
    before_wanted: string | null;
    sent_ms: number | null;
    ended_ms: number | null;
    code: string | null;
    message: string | null;
  };
}
