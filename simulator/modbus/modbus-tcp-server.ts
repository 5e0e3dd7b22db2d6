import { startLoopbackServer } from "../loopback-server.ts";

/** One device on the line. What is missing answers exception 1; a number out of range makes it throw a ModbusRefusal. */
export interface ModbusUnit {
  /** Function 4: two bytes a register, high byte first. */
  readInputs?: (address: number, count: number) => Buffer;
  /** Function 3. */
  readHoldings?: (address: number, count: number) => Buffer;
  /** Functions 6 and 16. */
  writeHoldings?: (address: number, words: readonly number[]) => void;
  /** Function 1. */
  readCoils?: (address: number, count: number) => boolean[];
  /** Function 5. */
  writeCoil?: (address: number, on: boolean) => void;
}

/** What a unit throws to answer with an exception: 2 is a wrong address, 3 a wrong value, 4 a failure. */
export class ModbusRefusal extends Error {
  readonly exception: number;
  constructor(exception: number) {
    super(`modbus exception ${exception}`);
    this.exception = exception;
  }
}

/** A running slave. */
export interface ModbusTcpServer {
  port: number;
  close(): Promise<void>;
}

/**
 * A Modbus TCP slave on loopback with several units; a unit that is not there answers exception 11, as a gateway does.
 * Own encoder, so that it does not share mistakes with the drivers.
 * @see MODBUS Messaging on TCP/IP Implementation Guide V1.0b
 */
export async function startModbusTcpServer(port: number, units: ReadonlyMap<number, ModbusUnit>): Promise<ModbusTcpServer> {
  const server = await startLoopbackServer(port, (socket) => {
    let kept: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
      while (kept.length >= 8) {
        const length = kept.readUInt16BE(4);
        if (kept.readUInt16BE(2) !== 0 || length < 2 || length > 254) {
          socket.destroy();
          return;
        }
        if (kept.length < 6 + length) return;
        const reply = answer(units, kept.subarray(6, 6 + length));
        const header = Buffer.alloc(6);
        kept.copy(header, 0, 0, 4);
        header.writeUInt16BE(reply.length, 4);
        socket.write(Buffer.concat([header, reply]));
        kept = kept.subarray(6 + length);
      }
    });
  });
  return { port: server.port, close: server.close };
}

/** Reply to one request, both from the unit number on. */
function answer(units: ReadonlyMap<number, ModbusUnit>, request: Buffer): Buffer {
  const [unitId = 0, code = 0] = request;
  const head = Buffer.from([unitId, code]);
  try {
    const unit = units.get(unitId);
    if (!unit) throw new ModbusRefusal(11);
    if (request.length < 6) throw new ModbusRefusal(3);
    return Buffer.concat([head, body(unit, code, request)]);
  } catch (error) {
    return Buffer.from([unitId, code | 0x80, error instanceof ModbusRefusal ? error.exception : 4]);
  }
}

function body(unit: ModbusUnit, code: number, request: Buffer): Buffer {
  const address = request.readUInt16BE(2);
  const value = request.readUInt16BE(4);
  if (code === 1 && unit.readCoils) {
    if (value < 1 || value > 2000) throw new ModbusRefusal(3);
    const bytes = Buffer.alloc(Math.ceil(value / 8));
    for (const [at, on] of unit.readCoils(address, value).entries())
      if (on) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  }
  const read = code === 3 ? unit.readHoldings : code === 4 ? unit.readInputs : undefined;
  if (read) {
    if (value < 1 || value > 125) throw new ModbusRefusal(3);
    const bytes = read(address, value);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  }
  if (code === 5 && unit.writeCoil) {
    if (value !== 0 && value !== 0xff00) throw new ModbusRefusal(3);
    unit.writeCoil(address, value === 0xff00);
    return request.subarray(2, 6);
  }
  if (code === 6 && unit.writeHoldings) {
    unit.writeHoldings(address, [value]);
    return request.subarray(2, 6);
  }
  if (code === 16 && unit.writeHoldings) {
    const bytes = request.subarray(7);
    if (value < 1 || value > 123 || bytes.length !== value * 2) throw new ModbusRefusal(3);
    unit.writeHoldings(
      address,
      Array.from({ length: value }, (_, at) => bytes.readUInt16BE(at * 2)),
    );
    return request.subarray(2, 6);
  }
  throw new ModbusRefusal(1);
}
