import { z } from "zod";
import { measurements } from "./measurement.ts";

/** 16-bit words that each type takes. */
export const wordsOf = { u16: 1, s16: 1, u32: 2, s32: 2, f32: 2, u64: 4, s64: 4, f64: 4 } as const;

/** Names of the bytes in a value of two words, as they come: ABCD is high word first (the standard), CDAB low word first. */
export const WordOrder = z.enum(["ABCD", "CDAB"]);
export type WordOrder = z.infer<typeof WordOrder>;

/** One value of a meter. Value = raw * mul in unit. */
export const Register = z
  .strictObject({
    measurement: z.enum(measurements),
    /** From 0, as on the wire. */
    address: z.int().min(0).max(0xffff),
    words: z.int(),
    type: z.enum(["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]),
    order: WordOrder,
    /** A power of ten, so that scaling only moves the decimal point. */
    mul: z.union([0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000].map((mul) => z.literal(mul))),
    unit: z.enum(["V", "A", "W", "kW", "VA", "var", "kWh", "kvarh", "Hz", "deg", ""]),
  })
  .refine(({ words, type }) => words === wordsOf[type], { error: "words do not fit the type" })
  .refine(({ address, words }) => address + words <= 0x1_0000, { error: "goes beyond the last address" });
export type Register = z.infer<typeof Register>;

/** Everything about one family of meters: registers and where that is known from. Power and energy: import positive. */
export const RegisterMap = z
  .strictObject({
    models: z.array(z.string().min(1)).min(1),
    /** 3 reads holding registers, 4 input registers. */
    functionCode: z.union([z.literal(3), z.literal(4)]),
    /** How it mostly leaves the factory. */
    serialDefault: z.string().min(1),
    /** Public project and file that the addresses are known from. */
    source: z.string().min(1),
    /** An independent one that agrees. */
    secondSource: z.string().min(1).nullable(),
    notes: z.string(),
    /** Most words in one request; what Modbus allows where it is absent. */
    maxWords: z.int().min(4).max(125).optional(),
    /** Unused words that one request may run over; see the default of planReads. */
    maxGap: z.int().min(0).max(120).optional(),
    /** Devices differ in their order of words: it is found by the voltage. */
    orderInDoubt: z.literal(true).optional(),
    /** It answers function 3 and function 4 alike. */
    eitherFunction: z.literal(true).optional(),
    /** No device of the family measures more: beyond it a number was meant with a sign, or is none. W. */
    mostPowerW: z.int().min(1).optional(),
    /** Known from one source only, so nothing is judged by it. */
    unverified: z.array(z.enum(measurements)).optional(),
    registers: z.array(Register).min(1),
  })
  .refine(({ registers }) => new Set(registers.map(({ measurement }) => measurement)).size === registers.length, {
    error: "one measurement stands twice",
  });
export type RegisterMap = z.infer<typeof RegisterMap>;
