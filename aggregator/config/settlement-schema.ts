import { z } from "zod";
import { Address, Name } from "../../core/message/fields.ts";
import { TopUpYaml } from "../../settlement/chain/top-up-yaml.ts";
import { FinalAfter, LogYaml } from "../../settlement/log/log-yaml.ts";

const NodeUrl = z.url({ protocol: /^https?$/, error: "an http:// or https:// address" });

/** The key that signs and pays for gas, and the contract that is used with it. */
const OnChain = z.strictObject({
  key: Name,
  passphrase_file: z.string(),
  chain_id: z.int().positive(),
  contract: z.string().toLowerCase().pipe(Address),
  rpc_url: NodeUrl,
});

/** The section `settlement` of the aggregator's YAML file. */
export const SettlementYaml = OnChain.extend({
  epoch_s: z.int().min(900).max(86_400).default(86_400),
  final_after: FinalAfter.default("finalized"),
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
  top_up: TopUpYaml.optional(),
  /** A public chain that gets the same roots. */
  anchor: OnChain.optional(),
}).refine(({ mode, settled_by: by }) => mode === "each" || by === "aggregator", {
  message: "gateway needs mode: each",
  path: ["settled_by"],
});
export type SettlementYaml = z.infer<typeof SettlementYaml>;
