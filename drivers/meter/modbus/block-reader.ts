import { ModbusException } from "../../bus/modbus-bus.ts";
import { decodeRegister, type Sample } from "./decode-register.ts";
import type { Measurement } from "./measurement.ts";
import { planReads, splitBlock, type Block } from "./read-plan.ts";
import type { Register, RegisterMap, WordOrder } from "./register-map.ts";

/** Words that were read, from `address` on. */
export interface ReadBlock {
  address: number;
  bytes: Buffer;
}

/** What a meter said in one poll; null where it says that it has no value, absent where nothing was read. */
export type Values = ReadonlyMap<Measurement, Sample | null>;

/** Exceptions by which devices refuse a block for words in it that they do not have, or for its length. */
const illegalAddress = 2;
const illegalValue = 3;
/** A register that was refused alone is asked for again after so many polls: it may have been a device that just started. */
const pollsUntilRetry = 500;

/**
 * Reads the wanted registers in few requests. A block that the device refuses is cut in two until what it has is found,
 * and the cuts are remembered. The first failure of any other kind ends the poll: a device that is silent must not hold
 * up the line once for each block.
 */
export function blockReader(
  wanted: readonly Register[],
  limits: Pick<RegisterMap, "maxWords" | "maxGap">,
  read: (address: number, count: number) => Promise<Buffer>,
): () => Promise<ReadBlock[]> {
  const first = planReads(wanted, limits);
  let plan = first;
  let refused: Block[] = [];
  let polls = 0;
  return async () => {
    if (refused.length > 0 && ++polls % pollsUntilRetry === 0) {
      plan = [...plan, ...refused];
      refused = [];
    }
    const got: ReadBlock[] = [];
    const good: Block[] = [];
    const waiting = [...plan];
    let refusal: unknown;
    for (let block = waiting.shift(); block; block = waiting.shift())
      try {
        got.push({ address: block.address, bytes: await read(block.address, block.count) });
        good.push(block);
      } catch (error) {
        if (!isHole(error)) {
          plan = [...good, block, ...waiting];
          throw error;
        }
        refusal = error;
        const parts = splitBlock(block);
        if (parts.length === 0) refused.push(block);
        waiting.unshift(...parts);
      }
    if (got.length === 0) {
      // Nothing of it is there: another device, or one that is not ready. Nothing is learned from that.
      plan = first;
      refused = [];
      throw refusal;
    }
    plan = good;
    return got;
  };
}

/** All registers that lie within what was read, also those that were only read over. */
export function valuesIn(registers: readonly Register[], blocks: readonly ReadBlock[], order?: WordOrder): Values {
  const values = new Map<Measurement, Sample | null>();
  for (const register of registers) {
    const block = blocks.find(
      ({ address, bytes }) => register.address >= address && (register.address + register.words - address) * 2 <= bytes.length,
    );
    if (block)
      values.set(
        register.measurement,
        decodeRegister(block.bytes.subarray((register.address - block.address) * 2), register, order ?? register.order),
      );
  }
  return values;
}

const isHole = (error: unknown): boolean =>
  error instanceof ModbusException && (error.exception === illegalAddress || error.exception === illegalValue);
