import { onTestFinished } from "vitest";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { modbusSlave } from "./modbus-slave.ts";

/** A device of registers and coils on loopback; what it does not have answers exception 2. */
export interface RegisterSlave {
  port: number;
  holding: Map<number, number>;
  input: Map<number, number>;
  coils: Map<number, boolean>;
  /** Everything that was written, in order: address and words, coils as 0xff00 or 0. */
  writes: [address: number, words: number[]][];
  /** Addresses that take writes and do not change. */
  stuck: Set<number>;
  /** Called after each write, as a device that draws its own conclusions. */
  after: () => void;
  /** Says nothing any more. */
  dead: boolean;
}

/** Words of numbers, high word first. */
export const wordsOfFloat = (value: number): number[] => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
};
export const wordsOfLong = (value: number): number[] => [value >>> 16, value & 0xffff];
/** Words from an address on. */
export const from = (address: number, words: readonly number[]): [number, number][] =>
  words.map((word, at) => [address + at, word]);

/** Starts it, with a bus to it. @param unit the only one that answers */
export async function registerSlave(
  unit: number,
  content: { holding?: [number, number][]; input?: [number, number][]; coils?: [number, boolean][] },
) {
  const state: RegisterSlave = {
    port: 0,
    holding: new Map(content.holding),
    input: new Map(content.input),
    coils: new Map(content.coils),
    writes: [],
    stuck: new Set(),
    after: () => undefined,
    dead: false,
  };
  const slave = await modbusSlave("tcp", (request) => {
    if (state.dead || request[0] !== unit) return undefined;
    const code = request[1] ?? 0;
    const [address, value] = [request.readUInt16BE(2), request.readUInt16BE(4)];
    const refusal = Buffer.from([unit, code | 0x80, 2]);
    if (code === 1) {
      const on = state.coils.get(address);
      return on === undefined ? refusal : Buffer.from([unit, 1, 1, on ? 1 : 0]);
    }
    if (code === 5) {
      if (!state.coils.has(address)) return refusal;
      state.writes.push([address, [value]]);
      if (!state.stuck.has(address)) state.coils.set(address, value === 0xff00);
      state.after();
      return request;
    }
    const bank = code === 4 ? state.input : state.holding;
    const count = code === 6 ? 1 : value;
    const addresses = Array.from({ length: count }, (_, at) => address + at);
    if (addresses.some((one) => !bank.has(one))) return refusal;
    if (code === 6 || code === 16) {
      const words = addresses.map((_, at) => request.readUInt16BE((code === 6 ? 4 : 7) + at * 2));
      state.writes.push([address, words]);
      for (const [at, word] of words.entries()) if (!state.stuck.has(address + at)) bank.set(address + at, word);
      state.after();
      return request.subarray(0, 6);
    }
    const reply = Buffer.alloc(3 + count * 2);
    reply.set([unit, code, count * 2]);
    for (const [at, one] of addresses.entries()) reply.writeUInt16BE(bank.get(one) ?? 0, 3 + at * 2);
    return reply;
  });
  onTestFinished(() => slave.close());
  state.port = slave.port;
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port }, { timeoutMs: 800 });
  onTestFinished(() => bus.close());
  return { state, bus };
}
