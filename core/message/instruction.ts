import { z } from "zod";
import { Hash, Instant, Name } from "./fields.ts";

/** One instruction (S2 OMBC.Instruction with the end that S2 leaves out). */
export const Instruction = z
  .object({
    id: z.uuid(),
    executionTime: Instant,
    validUntil: Instant,
    operationModeId: z.string().max(32),
    /** Where in the power range of the mode, from its least (0) to its most (1). S2: operation_mode_factor. */
    operationModeFactor: z.number().min(0).max(1).optional(),
    /** Said to the household, such as "cheapest hours before 07:00". */
    reason: z.string().max(200),
  })
  .refine((instruction) => Date.parse(instruction.validUntil) > Date.parse(instruction.executionTime), {
    message: "validUntil must be after executionTime",
    path: ["validUntil"],
  });
export type Instruction = z.infer<typeof Instruction>;

/** dn/instr/R: the whole list for one resource; it supersedes every earlier list. Signed, never retained. */
export const InstructionList = z.object({
  plan: z.uuid(),
  resource: Name,
  /** Hash of the contract under which it is given; absent where the site has none. */
  agreement: Hash.optional(),
  instructions: z.array(Instruction).max(1000),
});
export type InstructionList = z.infer<typeof InstructionList>;

/** up/ack/I with I = the plan's id: S2 InstructionStatusUpdate. */
export const InstructionAck = z.object({
  v: z.literal(1),
  plan: z.uuid(),
  resource: Name,
  status: z.enum(["ACCEPTED", "REJECTED"]),
  code: z.string().max(64).optional(),
  message: z.string().max(500).optional(),
  at: Instant,
});
export type InstructionAck = z.infer<typeof InstructionAck>;
