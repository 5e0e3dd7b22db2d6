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
/** What was refused is asked for again after 1, 2, 4 polls and so on, and in the end every so many: it may be back, or never was. */
const mostPolls = 500;

/**
 * Reads the wanted registers in few requests. A block that the device refuses is cut in two until what it has is found,
 * and the cuts are remembered. The first failure of any other kind ends the poll: a device that is silent must not hold
 * up the line once for each block.
 * @param lacks told of registers that were refused when they were asked for again; once, until they have answered
 */
export function blockReader(
  wanted: readonly Register[],
  limits: Pick<RegisterMap, "maxWords" | "maxGap">,
  read: (address: number, count: number) => Promise<Buffer>,
  lacks: (registers: readonly Register[]) => void = () => undefined,
): () => Promise<ReadBlock[]> {
  const first = planReads(wanted, limits);
  let plan = first;
  /** Each with one register, and whether `lacks` was told of it. */
  let refused = new Map<Register, { block: Block; told: boolean }>();
  /** Polls from one attempt to the next, and until the next. */
  let pause = 1;
  let left = 1;

  /** Goes on with what came of a poll that was not cut short. */
  const learn = (good: readonly Block[], now: readonly Block[], retried: boolean): void => {
    const before = refused;
    const lost = retried ? now : [...Array.from(before.values(), ({ block }) => block), ...now];
    refused = new Map(
      lost.flatMap((block) =>
        block.registers.map((register) => [register, { block, told: before.get(register)?.told ?? false }]),
      ),
    );
    const fresh = [...refused.keys()].some((register) => !before.has(register));
    if (fresh) pause = 1;
    else if (retried) pause = Math.min(2 * pause, mostPolls);
    if (fresh || retried) left = pause;
    // All are back: the few requests of the beginning will do again.
    plan = before.size > 0 && refused.size === 0 ? first : [...good];
    const lacking = [...refused].filter(([register, { told }]) => retried && before.has(register) && !told);
    for (const [, one] of lacking) one.told = true;
    if (lacking.length > 0) lacks(lacking.map(([register]) => register));
  };

  return async () => {
    const retried = refused.size > 0 && --left <= 0;
    const again = retried ? Array.from(refused.values(), ({ block }) => block) : [];
    const got: ReadBlock[] = [];
    const good: Block[] = [];
    const now: Block[] = [];
    const waiting = [...plan, ...again];
    let refusal: unknown;
    for (let block = waiting.shift(); block; block = waiting.shift())
      try {
        got.push({ address: block.address, bytes: await read(block.address, block.count) });
        good.push(block);
      } catch (error) {
        if (!isHole(error)) {
          // What was refused by then is asked for once more: half a poll teaches nothing about it.
          plan = [...good, ...now, block, ...waiting].filter((one) => !again.includes(one));
          throw error;
        }
        refusal = error;
        const parts = splitBlock(block);
        if (parts.length === 0) now.push(block);
        waiting.unshift(...parts);
      }
    if (got.length === 0) {
      // Nothing of it is there: another device, or one that is not ready. Nothing is learned from that.
      plan = first;
      refused = new Map();
      throw refusal;
    }
    learn(good, now, retried);
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
