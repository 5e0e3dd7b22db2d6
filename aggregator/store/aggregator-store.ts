import type { Consent } from "../../core/consent.ts";
import type { Measurements } from "../../core/message/measurements.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { Traded, TradedSlot } from "../../core/message/traded.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import type { AuditStore } from "./audit-store.ts";
import type { ControlStore } from "./control-store.ts";
import type { DisputeStore } from "./dispute-store.ts";
import type { EnrolmentStore } from "./enrolment-store.ts";
import type { EpochStore } from "./epoch-store.ts";
import type { EventChange, EventStore } from "./event-store.ts";
import type { ExportStore } from "./export-store.ts";
import type { ErasureStore } from "./erasure-store.ts";
import type { FillStore } from "./fill-store.ts";
import type { FleetStore } from "./fleet-store.ts";
import type { FlexOrderStore } from "./flex-order-store.ts";
import type { Fence, LeaseStore } from "./lease-store.ts";
import type { PassingStore } from "./passing-store.ts";
import type { PlanHistoryStore } from "./plan-history-store.ts";
import type { RetentionStore } from "./retention-store.ts";
import type { RewardStore } from "./reward-store.ts";
import type { SettledSumsStore } from "./settled-sums-store.ts";
import type { SpendStore } from "./spend-store.ts";
import type { TokenStore } from "./token-store.ts";

/** Data of a home that never came. */
export interface StoredGap {
  kind: "readings" | "slots";
  fromMs: number;
  toMs: number;
  reason: string;
}

/** What became of a message's rows; a count that would be 0 is left out but for `added`. */
export interface Ingested {
  /** The highest number up to which nothing of that run is missing. */
  contiguousSeq: number;
  added: number;
  /** For the receipt, where one was asked for: above that of every receipt before of this run, whoever sent it. */
  receiptNumber?: number;
  /** Dropped: their number had come with another content. */
  changed?: number;
  /** The home has a receipt for them, and they are not here; from now on a gap. */
  lost?: number;
  /** Not kept: too far ahead. They come again in their turn. */
  refused?: number;
}

/** Energy of one slot as a home reported it. */
export interface StoredSlot {
  startMs: number;
  endMs: number;
  wh: number;
}

/** An appliance was let run, or held off. */
export interface StoredSwitching {
  atMs: number;
  on: boolean;
}

/** Kinds of records that this aggregator proposes. */
export type SettledKind = Extract<RecordWire["kind"], "import" | "export" | "reward">;

/** Where a record stands between the two sides. */
export type RecordState = "proposed" | "cosigned" | "disputed";

/** A settlement record on its way: proposed, then signed by both. */
export interface StoredRecord {
  site: string;
  record: RecordWire;
  digest: string;
  evidence: Evidence;
  /** The price series its amount follows from; null for a reward. */
  prices: PriceSeries | null;
  state: RecordState;
  gatewaySignature: string | null;
  ownSignature: string | null;
  /** Number of the epoch that holds it on chain; null until then. */
  epoch: number | null;
}

/** What happened, counted. */
export interface Statistics {
  samples: number;
  slots: number;
  switches: number;
  importWh: number;
  exportWh: number;
  plansAccepted: number;
  plansRejected: number;
  recordsCosigned: number;
  recordsDisputed: number;
  recordsAnchored: number;
}

/** What can be done and noted in the audit log at once. */
export type AuditedPart = EnrolmentStore &
  ErasureStore &
  PassingStore &
  DisputeStore &
  ControlStore &
  TokenStore &
  FleetStore &
  FlexOrderStore;

/** All that the aggregator keeps. Asynchronous, so that the same calls serve SQLite and PostgreSQL. */
export interface AggregatorStore
  extends
    AuditStore<AuditedPart>,
    EnrolmentStore,
    ErasureStore,
    LeaseStore,
    EpochStore,
    FillStore,
    FleetStore,
    FlexOrderStore,
    EventStore,
    ExportStore,
    PassingStore,
    PlanHistoryStore,
    DisputeStore,
    ControlStore,
    RetentionStore,
    RewardStore,
    SettledSumsStore,
    SpendStore,
    TokenStore {
  /**
   * Keeps new rows, drops repeats and what lies too far ahead of the rows that came before. What several homes hand in at
   * once is one commit.
   * @param leastNumber of the receipt that the home is sent
   */
  ingest(site: string, message: Measurements, leastNumber?: number): Promise<Ingested>;
  /** Slots of the site's grid meter that start in [from, to), in order of time. */
  slots(site: string, register: "import" | "export", fromMs: number, toMs: number): Promise<StoredSlot[]>;
  /** The same of what its panels gave, whichever way round their meters are wired; nothing else runs through them. */
  pvSlots(site: string, fromMs: number, toMs: number): Promise<StoredSlot[]>;
  /** Switchings of an appliance that were told of in [from, to), oldest first, with the last one before. */
  switchings(site: string, resource: string, fromMs: number, toMs: number): Promise<StoredSwitching[]>;
  /**
   * What is missing of a site in [from, to): readings that the home gave up or this database lost, and time between two import slots of its grid
   * meter that no slot covers.
   */
  gaps(site: string, fromMs: number, toMs: number): Promise<StoredGap[]>;
  /** Rows per site, of one or of all (null), for comparison with what the homes sent; those that were deleted for their age count. */
  itemCounts(site?: string | null): Promise<{ site: string; rows: number }[]>;

  /** Keeps the thumbprint of the key that first signed a consent of a site, and gives the one that counts. */
  consentKey(site: string, thumbprint: string): Promise<string>;
  /** Keeps a statement with its signed form, once. */
  saveConsent(site: string, consent: Consent, text: string): Promise<void>;
  /** All that a household has said, oldest first. */
  consents(site: string): Promise<{ consent: Consent; text: string }[]>;

  saveResource(site: string, resource: Resource): Promise<void>;
  resources(site: string): Promise<Resource[]>;
  saveStatus(site: string, status: ResourceStatus): Promise<void>;
  statuses(site: string): Promise<ResourceStatus[]>;
  /** Keeps what a home has told of its trades; @returns whether it is another list than before */
  saveTraded(site: string, traded: Traded): Promise<boolean>;
  /** The newest of that; nothing before the first. */
  traded(site: string): Promise<readonly TradedSlot[]>;

  /**
   * Keeps the plans of a home and what they do to times of control, all or none.
   * @param fence the lease under which they were made
   * @throws AppError lease-lost
   */
  savePlans(
    site: string,
    lists: readonly InstructionList[],
    sentMs: number,
    fence?: Fence,
    changes?: readonly EventChange[],
  ): Promise<void>;
  /** Plans without an answer yet, the newest of each resource. */
  unanswered(site: string): Promise<InstructionList[]>;
  /** @param more the home's words, and when they came */
  answerPlan(
    site: string,
    plan: string,
    status: InstructionAck["status"],
    code: string | null,
    more?: { message: string | null; atMs: number },
  ): Promise<void>;
  /** The newest plan of each resource with its answer, as far as there is one. */
  plans(site: string): Promise<{ list: InstructionList; status: InstructionAck["status"] | null; code: string | null }[]>;

  /** Reserves numbers for signed messages, none below `least`, and gives the first; never gives one twice, whatever happens. */
  reserveSequence(count: number, least: number): Promise<number>;

  /** Start of the next period to settle by kind, ms; a kind that never was settled is not there. */
  cursors(site: string): Promise<Map<SettledKind, number>>;
  setCursor(site: string, kind: SettledKind, nextMs: number): Promise<void>;
  newestRecord(site: string): Promise<StoredRecord | null>;
  /** The newest record of each register that both have signed, oldest first. */
  newestCosigned(site: string): Promise<StoredRecord[]>;
  recordAt(site: string, seq: number): Promise<StoredRecord | null>;
  /** @param cursor moves the cursor in the same transaction; null: what is settled has none */
  addRecord(record: StoredRecord, cursor: { kind: SettledKind; nextMs: number } | null): Promise<void>;
  /**
   * Keeps a record that both have signed and that was lost here, in the place of whatever was proposed under its number or later;
   * the epoch of the chain that holds it is noted. The cursor never goes back.
   * @param cursor null: what is settled has none
   */
  takeRecord(record: StoredRecord, cursor: { kind: SettledKind; nextMs: number } | null): Promise<void>;
  updateRecord(
    site: string,
    seq: number,
    change: Partial<Pick<StoredRecord, "state" | "gatewaySignature" | "ownSignature" | "epoch" | "evidence">>,
  ): Promise<void>;
  /** In order of site and seq, of one site or of all (null); `after` is the last one seen. */
  records(after: { site: string; seq: number } | null, limit: number, site?: string | null): Promise<StoredRecord[]>;

  /** Of one site, or of all (null). */
  statistics(site: string | null): Promise<Statistics>;
  close(): Promise<void>;
}
