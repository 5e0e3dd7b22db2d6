import { z } from "zod";
import { DeviationEvidence, TradeEvidence } from "./exchange-trade.ts";
import { Address, Hash, Instant, Micro, Name, Signature } from "./fields.ts";

/** What a record is for. The place in this list is the number that is signed; new kinds go to the end. */
export const recordKinds = ["import", "export", "reward", "trade", "fee", "correction", "flexibility"] as const;

/**
 * One settlement record as it travels: both parties, energy, time, service period, money and what they follow from.
 * `a` is the lower address. Instants are whole seconds.
 */
export const RecordWire = z.object({
  a: Address,
  b: Address,
  seq: z.int().positive(),
  start: Instant,
  end: Instant,
  /** All that a (b) has ever owed the other, this record included, micro-units. */
  cumA: Micro,
  cumB: Micro,
  salt: Hash,
  kind: z.enum(recordKinds),
  payer: Address,
  /** When it was proposed. */
  time: Instant,
  /** Metered energy; negative only in corrections. */
  wh: z.int(),
  amount: Micro,
  /** Hash of the price series. */
  prices: Hash,
  /** Hash of the contract that both parties signed. */
  agreement: Hash,
  /** Hash of the evidence: meter slots, trade or flexibility order. */
  ref: Hash,
  /** Digest of the record before; zero for the first. */
  prev: Hash,
});
export type RecordWire = z.infer<typeof RecordWire>;

/** One time of control that a reward is for: what a meter would have shown without it, what it showed, and what that is worth. */
const FlexibilityEvent = z.object({
  /** The plan that was followed. */
  plan: z.uuid(),
  resource: Name,
  /** Whose import register counts, by its name at the home: the resource's own meter, or the grid meter for the whole house. */
  meter: Name,
  /** How the baseline came about. */
  baseline: z.enum(["ten_of_ten", "charge_now", "evenly"]),
  /** One after the other without a gap. `perKwh`: the price that was frozen before the slot began. */
  slots: z
    .array(z.object({ start: Instant, end: Instant, baselineWh: z.int(), meteredWh: z.int(), perKwh: Micro }))
    .min(1)
    .max(300),
});

/** What a reward by the rule `flexibility` follows from. */
export const FlexibilityEvidence = z.object({
  /** How much of the agreed share the earnings of all homes together paid for, in parts per million. */
  fundedPpm: z.int().min(0).max(1_000_000),
  events: z
    .array(FlexibilityEvent)
    .min(1)
    .max(96)
    .refine((events) => events.reduce((sum, { slots }) => sum + slots.length, 0) <= 400, "at most 400 slots"),
});
export type FlexibilityEvidence = z.infer<typeof FlexibilityEvidence>;

/**
 * An order of a grid operator at one place of its grid on one local day, with what meters say of it: what a record of kind
 * flexibility between an aggregator and a grid operator follows from. Taken from the grid is positive.
 */
export const OrderEvidence = z.strictObject({
  /** Names the order (UFTP OrderReference), and the congestion point. */
  reference: z.string().min(1).max(80),
  point: z.string().min(1).max(80),
  /** For all that was ordered, micro-units. */
  price: Micro,
  /** Taken for a kWh that is missing. */
  penaltyPerKwh: Micro,
  /** Those in which something was asked for; `orderedWh`: so much less than the baseline, below 0 so much more. */
  slots: z
    .array(z.strictObject({ start: Instant, end: Instant, baselineWh: z.int(), orderedWh: z.int(), meteredWh: z.int() }))
    .max(300),
});
export type OrderEvidence = z.infer<typeof OrderEvidence>;

/**
 * What `ref` is the hash of: the slots of one register that make up the energy. Empty for rewards. Whatever is added here is
 * optional and absent from what does not need it, so that hashes of before stay what they are. Of a trade, `ref` is the
 * hash of the trade alone: each of its two records comes with another order.
 */
export const Evidence = z.object({
  register: z.enum(["import", "export", "none"]),
  slots: z.array(z.object({ start: Instant, end: Instant, wh: z.int() })).max(400),
  flexibility: FlexibilityEvidence.optional(),
  /** Of an energy record: what of its slots was traded at an exchange, beside what they have. */
  traded: z
    .array(z.object({ start: Instant, end: Instant, wh: z.int().positive() }))
    .min(1)
    .max(400)
    .optional(),
  trade: TradeEvidence.optional(),
  deviation: DeviationEvidence.optional(),
  order: OrderEvidence.optional(),
});
export type Evidence = z.infer<typeof Evidence>;

/** A record with both signatures. */
export const CosignedRecord = z.object({
  record: RecordWire,
  evidence: Evidence,
  gatewaySignature: Signature,
  aggregatorSignature: Signature,
});
export type CosignedRecord = z.infer<typeof CosignedRecord>;

/** One side's word, signed as `NewestRecord` with its settlement key, of what its newest record is that both have signed. */
export const NewestStatement = z.object({
  /** 0, with a zero digest, where there is none. */
  seq: z.int().min(0),
  digest: Hash,
  /** When it was said, Unix seconds. */
  time: z.int().min(0),
  signature: Signature,
});
export type NewestStatement = z.infer<typeof NewestStatement>;

/** Records in one message to a home whose journal is behind. */
export const mostHeads = 64;

/** Sibling hashes from a leaf of an epoch's tree up to its root. */
const Proof = z.array(Hash).max(64);

/** That an epoch of a party holds something: a price series, or what else is bound by its hash. */
export const EpochInclusion = z.object({
  by: Address,
  epoch: z.int().positive(),
  root: Hash,
  count: z.int().positive(),
  proof: Proof,
});
export type EpochInclusion = z.infer<typeof EpochInclusion>;

/**
 * dn/settle/P, signed: a proposal, the proposer's signature under a record the gateway has signed, for a home whose
 * journal is behind the co-signed records from the number on that it asked for, with the proposer's word of what its newest
 * is, the question for records and slots that a database lost which was put back, or, once an epoch is on chain, the proofs that it holds the home's records and the price series that they rest on.
 */
export const SettlementDown = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("proposal"), record: RecordWire, evidence: Evidence }),
  z.object({ kind: z.literal("countersigned"), seq: z.int().positive(), digest: Hash, signature: Signature }),
  z.object({
    kind: z.literal("head"),
    /** One after the other, without a gap. */
    records: z.array(CosignedRecord).max(mostHeads),
    newest: NewestStatement.optional(),
  }),
  z.object({
    kind: z.literal("show"),
    /** Records above this number are asked for. */
    after: z.int().nonnegative(),
    /** Slots of the grid meter that start in this time are missing: they are sent once more. */
    slots: z.object({ from: Instant, to: Instant }).optional(),
  }),
  z.object({
    kind: z.literal("included"),
    by: Address,
    epoch: z.int().positive(),
    root: Hash,
    count: z.int().positive(),
    records: z.array(z.object({ seq: z.int().positive(), digest: Hash, proof: Proof })).max(100),
    prices: z.array(z.object({ hash: Hash, proof: Proof })).max(20),
  }),
]);
export type SettlementDown = z.infer<typeof SettlementDown>;

/** A person reads it and nothing is reckoned with it: what is too long is cut, so that no dispute is lost for its figures. */
const cut = (most: number) => z.string().transform((text) => (text.length <= most ? text : `${text.slice(0, most)} (cut)`));

/** Records of one answer; the next are asked for with the number of the last. */
export const mostShown = 4;

/**
 * up/settle/P: the gateway's signature, a dispute with its own figures, or, for an aggregator whose database is behind, records
 * that both have signed.
 */
export const SettlementUp = z.discriminatedUnion("kind", [
  z.object({ v: z.literal(1), kind: z.literal("signed"), seq: z.int().positive(), digest: Hash, signature: Signature }),
  z.object({
    v: z.literal(1),
    kind: z.literal("disputed"),
    seq: z.int().positive(),
    digest: Hash,
    code: cut(64),
    message: cut(500),
    /** What the gateway's own ledger says, where it has an answer. What is none is left out. */
    own: z
      .object({
        wh: z.int().optional().catch(undefined),
        /** Micro-units. Prices times energy can have more digits than what a record can be about. */
        amount: cut(100).optional().catch(undefined),
        prev: Hash.optional().catch(undefined),
        /** The co-signed records from this number on are missing here. */
        from: z.int().positive().optional().catch(undefined),
      })
      .catch({})
      // An OpenAPI document cannot say what a schema falls back to.
      .meta({ type: "object", description: "own figures: wh, amount, prev, from" }),
  }),
  z.object({
    v: z.literal(1),
    kind: z.literal("shown"),
    /** What was asked for. */
    after: z.int().nonnegative(),
    /** The newest that both have signed, 0 where none is. */
    newest: z.int().nonnegative(),
    /** In order of their numbers. */
    records: z.array(CosignedRecord).max(mostShown),
  }),
]);
export type SettlementUp = z.infer<typeof SettlementUp>;

/** What a gateway says to a proposal. */
export type SettlementAnswer = Exclude<SettlementUp, { kind: "shown" }>;
