import { modbusSlave, type ModbusSlave } from "./modbus-slave.ts";

/** A relay board on Modbus TCP whose coils the test can see. */
export interface CoilBoard extends ModbusSlave {
  coils: Map<number, boolean>;
}

/** @param coils how they stand at first */
export async function coilBoard(coils: Iterable<readonly [number, boolean]> = []): Promise<CoilBoard> {
  const state = new Map(coils);
  const slave = await modbusSlave("tcp", (request) => {
    const [unit = 0, code = 0] = request;
    const coil = request.readUInt16BE(2);
    if (code === 5) {
      state.set(coil, request.readUInt16BE(4) === 0xff00);
      return request;
    }
    return Buffer.from([unit, code, 1, state.get(coil) ? 1 : 0]);
  });
  return { ...slave, coils: state };
}
