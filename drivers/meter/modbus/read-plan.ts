import type { Register } from "./register-map.ts";

/** One request: `count` words from `address` on. */
export interface Block {
  address: number;
  count: number;
  /** In the order of their addresses. */
  registers: readonly Register[];
}

/** Words that fit into one answer. @see MODBUS Application Protocol Specification V1.1b3, 6.3 */
const mostWords = 125;
/** Reading 16 words too many takes about as long at 9600 baud as asking once more. */
const usualGap = 16;

/**
 * Groups registers of one function into few requests. Unused words between them are read over, up to `maxGap` in a row.
 * @param limits.maxWords most words in one request
 */
export function planReads(
  registers: readonly Register[],
  limits: { maxWords?: number | undefined; maxGap?: number | undefined } = {},
): Block[] {
  const { maxWords = mostWords, maxGap = usualGap } = limits;
  const groups: Register[][] = [];
  let start = 0;
  let end = 0;
  for (const register of registers.toSorted((a, b) => a.address - b.address)) {
    const group = groups.at(-1);
    const next = register.address + register.words;
    if (group && register.address - end <= maxGap && next - start <= maxWords) group.push(register);
    else {
      groups.push([register]);
      start = register.address;
      end = 0;
    }
    end = Math.max(end, next);
  }
  return groups.map(blockOf);
}

/** Two requests instead of one that was refused, cut at the longest run of unused words; none for a single register. */
export function splitBlock({ registers }: Block): Block[] {
  if (registers.length < 2) return [];
  let cut = Math.ceil(registers.length / 2);
  let longest = 0;
  for (const [at, { address }] of registers.entries()) {
    const before = registers[at - 1];
    const gap = before ? address - before.address - before.words : 0;
    if (gap > longest) [cut, longest] = [at, gap];
  }
  return [registers.slice(0, cut), registers.slice(cut)].map(blockOf);
}

function blockOf(registers: readonly Register[]): Block {
  const address = registers[0]?.address ?? 0;
  const end = Math.max(...registers.map((register) => register.address + register.words));
  return { address, count: end - address, registers };
}
