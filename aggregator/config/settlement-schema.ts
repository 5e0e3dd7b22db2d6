import { z } from "zod";
import { Address, Name } from "../../core/message/fields.ts";

const NodeUrl = z.url({ protocol: /^https?$/, error: "an http:// or https:// address" });
const Money = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'an amount of the currency as text, such as "25.00"');

/** The key that signs and pays for gas, and the contract that is used with it. */
const OnChain = z.strictObject({
  key: Name,
  passphrase_file: z.string(),
  chain_id: z.int().positive(),
  contract: z.string().toLowerCase().pipe(Address),
  rpc_url: NodeUrl,
});

/** What is published of each epoch. */
const LogYaml = z.strictObject({
  in: z.enum(["file", "blobs", "inline", "nowhere"]).default("file"),
  form: z.enum(["digests", "records"]).default("digests"),
  folder: z.string().default("log"),
  mirrors: z.array(NodeUrl).max(8).default([]),
});

/** The section `settlement` of the aggregator's YAML file. */
export const SettlementYaml = OnChain.extend({
  epoch_s: z.int().min(900).max(86_400).default(86_400),
  /** When a block counts as one that cannot be undone: as the chain says, or so many blocks above it. */
  final_after: z.union([z.literal("finalized"), z.int().min(0).max(10_000)]).default("finalized"),
  /** Many homes in one transaction now and then, or each record by itself. */
  mode: z.enum(["together", "each"]).default("together"),
  /** Who settles each record. */
  settled_by: z.enum(["aggregator", "gateway"]).default("aggregator"),
  /** 0: after each epoch. */
  settle_days: z.int().min(0).max(366).default(30),
  /** Whether a record whose payer has too little is paid in part. */
  settle_partial: z.boolean().default(false),
  /** A home that is supplied for so many whole service periods and has signed none of them gets no flexibility. */
  unsigned_periods: z.int().min(1).max(96).default(2),
  /** It has so long to sign, though. */
  answer_s: z.int().min(300).max(604_800).default(3600),
  log: LogYaml.default(LogYaml.parse({})),
  top_up: z
    .strictObject({ below: Money, to: Money, most_per_day: Money })
    .refine(({ below, to }) => Number(below) < Number(to), { message: "must be above top_up.below", path: ["to"] })
    .optional(),
  /** A public chain that gets the same roots. */
  anchor: OnChain.optional(),
}).refine(({ mode, settled_by: by }) => mode === "each" || by === "aggregator", {
  message: "gateway needs mode: each",
  path: ["settled_by"],
});
export type SettlementYaml = z.infer<typeof SettlementYaml>;
