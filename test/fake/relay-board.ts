import { onTestFinished } from "vitest";
import { modbusCoil } from "../../drivers/appliance/modbus-coil.ts";
import type { Relay } from "../../drivers/appliance/relay.ts";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { modbusSlave } from "./modbus-slave.ts";

/** A relay board that speaks Modbus TCP, unit 10. */
export interface RelayBoard {
  port: number;
  /** Closed contacts by coil; a test may switch them by hand. */
  coils: Map<number, boolean>;
  /** Commands in order. */
  writes: { coil: number; on: boolean }[];
  /** Questions so far. */
  reads: number;
  /** Coils that take commands and do not move. */
  stuck: Set<number>;
  /** Coils that always read open. */
  lies: Set<number>;
  /** Says nothing any more, as a board without power. */
  dead: boolean;
  /** A relay of the board through the real driver and bus, with a short timeout. */
  relay(coil: number): Relay;
}

/** @param coils how they stand at first */
export async function relayBoard(coils: Iterable<readonly [number, boolean]> = []): Promise<RelayBoard> {
  const board = {
    coils: new Map(coils),
    writes: [] as RelayBoard["writes"],
    reads: 0,
    stuck: new Set<number>(),
    lies: new Set<number>(),
    dead: false,
  };
  const slave = await modbusSlave("tcp", (request) => {
    if (board.dead) return undefined;
    const [unit = 0, code] = request;
    const coil = request.readUInt16BE(2);
    if (code === 1) board.reads++;
    if (code === 1) return Buffer.from([unit, 1, 1, board.coils.get(coil) && !board.lies.has(coil) ? 1 : 0]);
    if (code !== 5) return Buffer.from([unit, (code ?? 0) | 0x80, 1]);
    const on = request.readUInt16BE(4) === 0xff00;
    board.writes.push({ coil, on });
    if (!board.stuck.has(coil)) board.coils.set(coil, on);
    return request;
  });
  onTestFinished(() => slave.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port }, { timeoutMs: 800 });
  onTestFinished(() => bus.close());
  return Object.assign(board, {
    port: slave.port,
    relay: (coil: number) => modbusCoil({ name: `relay ${coil}`, bus, unit: 10, coil, inverted: false }),
  });
}
