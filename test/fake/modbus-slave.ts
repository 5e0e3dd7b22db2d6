import { createServer, type AddressInfo, type Socket } from "node:net";

/** Answers one request (unit, function, data) in kind; undefined says nothing. `late` sends by itself, at any time. */
export type Answer = (request: Buffer, late: (reply: Buffer) => void) => Buffer | undefined;

export interface ModbusSlave {
  port: number;
  connections(): number;
  /** Cuts all connections, as a gateway that restarts. */
  cut(): void;
  close(): Promise<void>;
}

/** CRC-16/MODBUS, bit by bit. */
export function modbusCrc(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

/** An RTU frame: the bytes and their CRC, low byte first. */
export function rtuFrame(bytes: Buffer): Buffer {
  const crc = modbusCrc(bytes);
  return Buffer.concat([bytes, Buffer.from([crc & 0xff, crc >> 8])]);
}

/** Length of a request with its CRC; only function 16 says how much follows. */
function rtuLength(kept: Buffer): number {
  if (kept[1] !== 16) return 8;
  return kept.length < 7 ? Infinity : 9 + (kept[6] ?? 0);
}

/** A slave on loopback that says what the test tells it, with the framing of Modbus TCP or of plain RTU. */
export async function modbusSlave(framing: "tcp" | "rtu", answer: Answer): Promise<ModbusSlave> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let kept: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      kept = Buffer.concat([kept, chunk]);
      for (;;) {
        const header = framing === "tcp" ? 6 : 0;
        const length = framing === "tcp" ? (kept.length < 6 ? Infinity : kept.readUInt16BE(4)) : rtuLength(kept);
        if (kept.length < header + length) return;
        const mbap = kept.subarray(0, 4);
        const request = kept.subarray(header, header + (framing === "tcp" ? length : length - 2));
        kept = kept.subarray(header + length);
        const send = (reply: Buffer): void => {
          if (framing === "rtu") socket.write(rtuFrame(reply));
          else socket.write(Buffer.concat([mbap, Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]));
        };
        const reply = answer(Buffer.from(request), send);
        if (reply) send(reply);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reply with registers: each one holds its own address plus `plus`. */
export function countingRegisters(request: Buffer, plus = 0): Buffer {
  const address = request.readUInt16BE(2);
  const count = request.readUInt16BE(4);
  const reply = Buffer.alloc(3 + 2 * count);
  reply.set([request[0] ?? 0, request[1] ?? 0, 2 * count]);
  for (let at = 0; at < count; at++) reply.writeUInt16BE(address + at + plus, 3 + 2 * at);
  return reply;
}
