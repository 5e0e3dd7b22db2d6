import { SerialPort } from "serialport";
import type { ModbusTransport } from "../drivers/bus/modbus-serial-bus.ts";
import { startModbusTcpServer } from "../simulator/modbus/modbus-tcp-server.ts";
import { modbusCrc, rtuFrame } from "../test/fake/modbus-slave.ts";
import { ptyPair } from "../test/fake/pty-pair.ts";

/** A relay board that a benchmark's programs write to. Unit 10. */
export interface Board {
  /** How a master reaches it. */
  line: ModbusTransport;
  /** The same as an entry of `buses` in the agent's configuration. */
  bus: object;
  /** What it was asked since forget(), in order; instants on CLOCK_MONOTONIC, ms, which all processes share. */
  writes: { coil: number; on: boolean; atMs: number }[];
  reads: { coil: number; atMs: number }[];
  forget(): void;
  /** Called at each write, after it was noted. */
  onWrite: (coil: number, on: boolean, atMs: number) => void;
  /** Resolves when it was asked nothing for so long. */
  quiet(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const unit = 10;

/** Instant on CLOCK_MONOTONIC, ms, which all processes share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

function contactsOf(coils: number) {
  const contacts: boolean[] = Array.from({ length: coils }, () => false);
  let askedMs = 0;
  const shared = {
    writes: [] as Board["writes"],
    reads: [] as Board["reads"],
    forget() {
      shared.writes.length = 0;
      shared.reads.length = 0;
    },
    onWrite: (() => undefined) as Board["onWrite"],
    async quiet(ms: number) {
      while (monotonicMs() - askedMs < ms) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
  return {
    shared,
    read(coil: number, count: number): boolean[] {
      askedMs = monotonicMs();
      shared.reads.push({ coil, atMs: askedMs });
      return contacts.slice(coil, coil + count);
    },
    write(coil: number, on: boolean): void {
      const atMs = (askedMs = monotonicMs());
      contacts[coil] = on;
      shared.writes.push({ coil, on, atMs });
      shared.onWrite(coil, on, atMs);
    },
  };
}

/** On Modbus TCP, on loopback. */
export async function tcpBoard(coils: number): Promise<Board> {
  const { shared, read, write } = contactsOf(coils);
  const server = await startModbusTcpServer(0, new Map([[unit, { readCoils: read, writeCoil: write }]]));
  const { port } = server;
  return Object.assign(shared, {
    line: { kind: "tcp", host: "127.0.0.1", port } as const,
    bus: { type: "modbus_tcp", host: "127.0.0.1", port },
    close: server.close,
  });
}

const baud = 9600;
/** Start bit, eight data bits, stop bit. */
const byteMs = (10 / baud) * 1000;
/** A frame ends with a silence of three and a half characters. */
const silenceMs = 3.5 * byteMs;
const requestBytes = 8;

/**
 * On Modbus RTU at 9600 8N1, on a pair of PTYs. A PTY hands bytes on at once; the board therefore waits as long as they
 * would have been on a real line: it sees a request when its last bit would have come, and answers as late as its last bit
 * would have gone. @param socat path of socat
 */
export async function rtuBoard(coils: number, socat: string): Promise<Board> {
  const { shared, read, write } = contactsOf(coils);
  const pair = await ptyPair(socat);
  const port = new SerialPort({ path: pair.b, baudRate: baud });
  let kept: Buffer = Buffer.alloc(0);
  const answer = (request: Buffer): void => {
    const address = request.readUInt16BE(2);
    const value = request.readUInt16BE(4);
    let reply: Buffer = request;
    if (request[1] === 5) write(address, value === 0xff00);
    else reply = rtuFrame(Buffer.concat([Buffer.from([unit, 1, Math.ceil(value / 8)]), bits(read(address, value))]));
    setTimeout(() => void port.write(reply), silenceMs + reply.length * byteMs);
  };
  port.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    while (kept.length >= requestBytes) {
      const request = kept.subarray(0, requestBytes);
      kept = kept.subarray(requestBytes);
      if (modbusCrc(request) !== 0) throw new Error(`a damaged request came over the PTY: ${request.toString("hex")}`);
      setTimeout(answer, requestBytes * byteMs, request);
    }
  });
  return Object.assign(shared, {
    line: {
      kind: "serial",
      path: pair.a,
      settings: { baud, dataBits: 8, parity: "none", stopBits: 1 },
    } as const,
    bus: { type: "serial", port: pair.a, baud, parity: "none" },
    async close() {
      await new Promise((resolve) => port.close(resolve));
      await pair.close();
    },
  });
}

function bits(contacts: readonly boolean[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(contacts.length / 8));
  for (const [at, on] of contacts.entries()) if (on) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
  return bytes;
}
