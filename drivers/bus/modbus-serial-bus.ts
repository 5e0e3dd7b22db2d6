import { setTimeout as delay } from "node:timers/promises";
import modbusSerial from "modbus-serial";
import { AppError, errorMessage } from "../../core/app-error.ts";
import type { SerialSettings } from "./byte-bus.ts";
import { FrameError } from "./frame-error.ts";
import { hearBytes, type HeardBytes } from "./heard-bytes.ts";
import { ModbusException, ModbusUnopened, type ModbusBus } from "./modbus-bus.ts";
import { timedOut, within } from "./within.ts";

/**
 * How a Modbus line is reached. A gateway speaks either Modbus TCP ("tcp") or passes RTU frames with their CRC through
 * a plain socket ("rtu-over-tcp"); the two look alike and do not understand each other.
 */
export type ModbusTransport =
  | { kind: "serial"; path: string; settings: SerialSettings }
  | { kind: "rtu-over-tcp"; host: string; port: number }
  | { kind: "tcp"; host: string; port: number };

const ModbusRTU = modbusSerial.default;
type ModbusRTU = InstanceType<typeof ModbusRTU>;

/** How long to wait, in wall time, for a port that is being closed before it is left to itself. */
const closeMs = 500;

function transportName(transport: ModbusTransport): string {
  return transport.kind === "serial" ? transport.path : `${transport.kind}://${transport.host}:${transport.port}`;
}

function connect(client: ModbusRTU, transport: ModbusTransport): Promise<void> {
  switch (transport.kind) {
    case "serial": {
      const { baud, dataBits, parity, stopBits } = transport.settings;
      return client.connectRTUBuffered(transport.path, { baudRate: baud, dataBits, parity, stopBits });
    }
    // Plain RTU frames on a socket; connectTcpRTUBuffered of the library would send the header of Modbus TCP.
    case "rtu-over-tcp":
      return client.connectTelnet(transport.host, { port: transport.port });
    case "tcp":
      return client.connectTCP(transport.host, { port: transport.port });
  }
}

/**
 * A Modbus line through the library modbus-serial. RTU has no number that ties an answer to its question, so after a
 * timeout or a damaged answer the transport is closed: what comes late finds nobody and is never taken for the next answer.
 * @param options.timeoutMs wall time for one request, and for connecting; default 1000
 * @param options.unitPauseMs silence when the unit changes, which slow RS-485 transceivers need; default 50, on TCP 0
 */
export function modbusSerialBus(
  transport: ModbusTransport,
  options: { timeoutMs?: number; unitPauseMs?: number } = {},
): ModbusBus {
  const { timeoutMs = 1_000, unitPauseMs = transport.kind === "tcp" ? 0 : 50 } = options;
  const name = transportName(transport);
  let client: ModbusRTU | undefined;
  let heard: HeardBytes | undefined;
  /** Why the client's transport closed by itself; undefined while it has not. */
  let lost: AppError | undefined;
  /** Ends the request in flight with that. A promise for the whole connection would keep something of each request that raced it. */
  let interrupt: (reason: AppError) => void = () => undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let lastUnit: number | undefined;
  const closing = new AbortController();

  const drop = async (): Promise<void> => {
    const dropped = client;
    client = undefined;
    if (!dropped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (transport.kind === "serial" && dropped.isOpen) dropped.close(() => resolve());
    else dropped.destroy(() => resolve());
    await Promise.race([promise, delay(closeMs, undefined, { ref: false })]);
  };

  const connected = async (): Promise<ModbusRTU> => {
    if (client?.isOpen) return client;
    await drop();
    const opening = new ModbusRTU();
    // Without a listener an error of the port would end the process; the request in flight times out or the next reconnects.
    opening.on("error", () => undefined);
    opening.on("close", () => {
      if (client !== opening) return;
      lost = new AppError("modbus-unreachable", `${name} was closed by the other side`, { temporary: true, cause: closedByPeer });
      interrupt(lost);
    });
    client = opening;
    lost = undefined;
    try {
      await within(connect(opening, transport), timeoutMs, closing.signal);
    } catch (cause) {
      await drop();
      throw (
        waitingFailure(cause) ??
        new ModbusUnopened(`${name} cannot be opened (${errorMessage(cause)}); check cable, address and port`, { cause })
      );
    }
    if (!opening.isOpen) {
      await drop();
      throw new AppError("modbus-unreachable", `${name} closed while it was being opened`, { temporary: true });
    }
    heard = hearBytes(opening);
    lastUnit = undefined;
    return opening;
  };

  /** Asks once more on a new connection where the old one had been closed since: boards with few sockets close them after each answer. */
  const ask = async <T>(unit: number, request: (client: ModbusRTU) => Promise<T>): Promise<T> => {
    const reused = client?.isOpen === true;
    try {
      return await askOnce(unit, request);
    } catch (error) {
      if (!reused || !(error instanceof AppError) || error.cause !== closedByPeer) throw error;
      return askOnce(unit, request);
    }
  };

  const askOnce = async <T>(unit: number, request: (client: ModbusRTU) => Promise<T>): Promise<T> => {
    closing.signal.throwIfAborted();
    const open = await connected();
    if (lastUnit !== undefined && lastUnit !== unit && unitPauseMs > 0)
      await delay(unitPauseMs, undefined, { signal: closing.signal }).catch(() => closing.signal.throwIfAborted());
    lastUnit = unit;
    open.setID(unit);
    heard?.forget();
    const ended = Promise.withResolvers<never>();
    interrupt = ended.reject;
    try {
      if (lost) throw lost;
      return await within(Promise.race([request(open), ended.promise]), timeoutMs, closing.signal);
    } catch (cause) {
      const code = exceptionCode(cause);
      // The unit's own refusal is a whole answer; after anything else the line is out of step.
      if (code !== undefined)
        throw new ModbusException(code, `unit ${unit} on ${name} answered exception ${code}; check address and function`, {
          cause,
        });
      const bytes = heard?.bytes() ?? new Uint8Array();
      await drop();
      throw (
        waitingFailure(cause, bytes) ??
        new FrameError("modbus-bad-reply", `unit ${unit} on ${name} sent a damaged answer (${errorMessage(cause)})`, bytes, {
          temporary: true,
          cause,
        })
      );
    }
  };

  /** What ended the waiting, in our codes: a closed line, or the time. Undefined for a failure of the library. */
  const waitingFailure = (cause: unknown, bytes: Uint8Array = new Uint8Array()): AppError | undefined => {
    if (cause instanceof AppError) return cause;
    if (cause !== timedOut) return undefined;
    const came = bytes.length === 0 ? "" : `: the ${bytes.length} bytes that came are no whole answer`;
    const message = `${name} did not answer within ${timeoutMs} ms${came}; check unit id, baud and wiring`;
    return new FrameError("modbus-timeout", message, bytes, { temporary: true });
  };

  const enqueue = <T>(unit: number, request: (client: ModbusRTU) => Promise<T>): Promise<T> => {
    const turn = queue.then(() => ask(unit, request));
    queue = turn.catch(() => undefined);
    return turn;
  };

  const registers = (unit: number, count: number, read: (client: ModbusRTU) => Promise<{ buffer: Buffer }>): Promise<Buffer> =>
    enqueue(unit, async (open) => {
      const { buffer } = await read(open);
      if (buffer.length !== count * 2) throw new Error(`${buffer.length} bytes for ${count} registers`);
      return buffer;
    });

  const bits = (
    unit: number,
    count: number,
    read: (client: ModbusRTU) => Promise<{ data: boolean[]; buffer: Buffer }>,
  ): Promise<boolean[]> =>
    enqueue(unit, async (open) => {
      const { data, buffer } = await read(open);
      if (buffer.length !== Math.ceil(count / 8)) throw new Error(`${buffer.length} bytes for ${count} bits`);
      return data.slice(0, count);
    });

  return {
    name,
    readHoldingRegisters: (unit, address, count) => registers(unit, count, (open) => open.readHoldingRegisters(address, count)),
    readInputRegisters: (unit, address, count) => registers(unit, count, (open) => open.readInputRegisters(address, count)),
    readCoils: (unit, address, count) => bits(unit, count, (open) => open.readCoils(address, count)),
    readDiscreteInputs: (unit, address, count) => bits(unit, count, (open) => open.readDiscreteInputs(address, count)),
    writeCoil: (unit, address, on) =>
      enqueue(unit, async (open) => {
        const echo = await open.writeCoil(address, on);
        if (echo.address !== address || echo.state !== on) throw new Error(`echo of coil ${echo.address}, asked for ${address}`);
      }),
    writeCoilWord: (unit, address, word) =>
      enqueue(unit, async (open) => {
        // The library knows the answer to function 5 however it was asked; its type is that of functions it does not know.
        const echo: object = await open.customFunction(5, [address >> 8, address & 0xff, word >> 8, word & 0xff]);
        if (!("address" in echo && echo.address === address)) throw new Error(`no echo of coil ${address}`);
      }),
    writeRegister: (unit, address, value) =>
      enqueue(unit, async (open) => {
        const echo = await open.writeRegister(address, value);
        if (echo.address !== address || echo.value !== value)
          throw new Error(`echo of register ${echo.address}, asked for ${address}`);
      }),
    writeRegisters: (unit, address, words) =>
      enqueue(unit, async (open) => {
        const echo = await open.writeRegisters(address, [...words]);
        if (echo.address !== address || echo.length !== words.length)
          throw new Error(`echo of ${echo.length} registers from ${echo.address}, asked for ${words.length} from ${address}`);
      }),
    async close() {
      if (!closing.signal.aborted) closing.abort(new AppError("modbus-closed", `${name} is closed`));
      await queue;
      await drop();
    },
  };
}

/** Cause of the error of a connection that the other side closed. */
const closedByPeer = new Error("closed by the other side");

/** Number of a Modbus exception in the library's error. */
function exceptionCode(error: unknown): number | undefined {
  return error instanceof Error && "modbusCode" in error && typeof error.modbusCode === "number" ? error.modbusCode : undefined;
}
