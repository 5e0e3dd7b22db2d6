import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SerialPort } from "serialport";
import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { FrameError } from "../../../drivers/bus/frame-error.ts";
import { ModbusException } from "../../../drivers/bus/modbus-bus.ts";
import { modbusSerialBus, type ModbusTransport } from "../../../drivers/bus/modbus-serial-bus.ts";
import { countingRegisters, modbusSlave, rtuFrame, type Answer } from "../../fake/modbus-slave.ts";
import { peer } from "../../fake/peer.ts";
import { ptyPair } from "../../fake/pty-pair.ts";

const socat = peer("socat");
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "no error", errorCode);

/** Code of a failure, and the bytes that were kept of it, as hex. */
const keptOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => `${errorCode(error)} ${error instanceof FrameError ? Buffer.from(error.bytes).toString("hex") : "none"}`,
  );

async function lineTo(framing: "tcp" | "rtu", answer: Answer, timeoutMs = 800) {
  const slave = await modbusSlave(framing, answer);
  onTestFinished(() => slave.close());
  const kind = framing === "tcp" ? ("tcp" as const) : ("rtu-over-tcp" as const);
  const bus = modbusSerialBus({ kind, host: "127.0.0.1", port: slave.port }, { timeoutMs, unitPauseMs: 0 });
  onTestFinished(() => bus.close());
  return { slave, bus };
}

for (const framing of ["tcp", "rtu"] as const) {
  it(`reads registers and coils and writes coils, ${framing}`, async () => {
    const coils = new Map<number, boolean>();
    const written: string[] = [];
    const { bus } = await lineTo(framing, (request) => {
      const [unit = 0, code = 0] = request;
      const address = request.readUInt16BE(2);
      if (code === 5) {
        coils.set(address, request.readUInt16BE(4) === 0xff00);
        return request;
      }
      if (code === 1) return Buffer.from([unit, code, 1, coils.get(address) ? 1 : 0]);
      if (code === 2) return Buffer.from([unit, code, 1, 0b101]);
      if (code === 6 || code === 16) {
        written.push(request.subarray(2).toString("hex"));
        return request.subarray(0, 6);
      }
      return countingRegisters(request, code * 1000);
    });
    expect((await bus.readInputRegisters(2, 10, 3)).readUInt16BE(4)).toBe(4012);
    expect((await bus.readHoldingRegisters(2, 10, 3)).readUInt16BE(0)).toBe(3010);
    expect(await bus.readCoils(10, 1, 1)).toEqual([false]);
    await bus.writeCoil(10, 1, true);
    expect(await bus.readDiscreteInputs(10, 4, 3)).toEqual([true, false, true]);
    await bus.writeRegister(10, 261, 60);
    await bus.writeRegisters(10, 16, [1, 0xffff]);
    expect(written).toEqual(["0105003c", "00100002040001ffff"]);
    expect(await bus.readCoils(10, 1, 1)).toEqual([true]);
  });

  it(`never takes a late answer for the next one, ${framing}`, async () => {
    let asked = 0;
    const { bus, slave } = await lineTo(
      framing,
      (request, late) => {
        asked++;
        if (asked === 1) {
          setTimeout(() => late(countingRegisters(request, 7000)), 500);
          return undefined;
        }
        setTimeout(() => late(countingRegisters(request)), 200);
        return undefined;
      },
      400,
    );
    const first = codeOf(bus.readInputRegisters(1, 0, 2));
    const second = bus.readInputRegisters(1, 0, 2);
    expect(await first).toBe("modbus-timeout");
    expect((await second).readUInt16BE(2)).toBe(1);
    expect(slave.connections()).toBe(2);
  });

  it(`refuses an answer of the wrong length and goes on with the next request, ${framing}`, async () => {
    let asked = 0;
    const { bus } = await lineTo(framing, (request) => {
      const reply = countingRegisters(request);
      if (asked++ > 0) return reply;
      reply[2] = 2;
      return reply;
    });
    const kept = await keptOf(bus.readInputRegisters(1, 0, 2));
    expect(kept).toMatch(
      framing === "rtu" ? /^modbus-bad-reply 01040200000001....$/ : /^modbus-bad-reply 0001000000070104020000000[01]$/,
    );
    expect((await bus.readInputRegisters(1, 5, 1)).readUInt16BE(0)).toBe(5);
  });

  it.each<[string, (reply: Buffer) => Buffer]>([
    ["another unit", (reply) => Buffer.concat([Buffer.of((reply[0] ?? 0) + 1), reply.subarray(1)])],
    ["another function", (reply) => Buffer.concat([reply.subarray(0, 1), Buffer.of(3), reply.subarray(2)])],
    [
      "one register more",
      (reply) => Buffer.concat([reply.subarray(0, 2), Buffer.of((reply[2] ?? 0) + 2), reply.subarray(3), Buffer.of(1, 2)]),
    ],
    ["half of its bytes", (reply) => reply.subarray(0, 5)],
  ])(`takes no answer with %s for the one that was asked for, ${framing}`, async (_, spoilt) => {
    let asked = 0;
    const { bus } = await lineTo(framing, (request) => {
      const reply = countingRegisters(request);
      return asked++ === 0 ? spoilt(reply) : reply;
    });
    expect(await codeOf(bus.readInputRegisters(1, 0, 2))).toMatch(/^modbus-(bad-reply|timeout)$/);
    expect((await bus.readInputRegisters(1, 5, 1)).readUInt16BE(0)).toBe(5);
  });

  it(`passes a unit's exception on and keeps the connection, ${framing}`, async () => {
    const { bus, slave } = await lineTo(framing, (request) =>
      request[0] === 9 ? Buffer.from([9, (request[1] ?? 0) | 0x80, 2]) : countingRegisters(request),
    );
    const refused: unknown = await bus.readInputRegisters(9, 0, 1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ModbusException);
    expect(refused).toMatchObject({ code: "modbus-exception", exception: 2 });
    expect((await bus.readInputRegisters(1, 3, 1)).readUInt16BE(0)).toBe(3);
    expect(slave.connections()).toBe(1);
  });
}

it("asks one request at a time", async () => {
  let open = 0;
  let most = 0;
  const { bus } = await lineTo("tcp", (request, late) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      late(countingRegisters(request));
    }, 5);
    return undefined;
  });
  const blocks = await Promise.all(Array.from({ length: 10 }, (_, at) => bus.readInputRegisters(1, at, 1)));
  expect(blocks.map((block) => block.readUInt16BE(0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(most).toBe(1);
});

it("keeps nothing of requests that are over", async () => {
  const { bus } = await lineTo("tcp", (request) => Buffer.from([request[0] ?? 0, 1, 1, 1]));
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heldAfter = async (requests: number): Promise<number> => {
    for (let at = 0; at < requests; at++) await bus.readCoils(1, 0, 1);
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heldAfter(2000);
  expect((await heldAfter(8000)) - before).toBeLessThan(1_000_000);
});

it("says unreachable when the other side hangs up, and connects again at the next request", async () => {
  let hangUp = true;
  const { bus, slave } = await lineTo("tcp", (request) => {
    if (!hangUp) return countingRegisters(request);
    hangUp = false;
    slave.cut();
    return undefined;
  });
  expect(await codeOf(bus.readInputRegisters(1, 0, 1))).toBe("modbus-unreachable");
  expect(await codeOf(bus.readInputRegisters(1, 0, 1))).toBe("no error");
});

it("asks again at once when a board had closed the connection after its last answer", async () => {
  const slave = await modbusSlave("tcp", (request) => {
    // The answer goes out, then the connection goes.
    setImmediate(() => slave.cut());
    return Buffer.concat([request.subarray(0, 2), Buffer.of(2, 0x12, 0x34)]);
  });
  onTestFinished(() => slave.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port }, { timeoutMs: 1000 });
  onTestFinished(() => bus.close());
  for (let time = 0; time < 10; time++) expect((await bus.readHoldingRegisters(1, 0, 1)).toString("hex")).toBe("1234");
});

it("keeps the bytes of answers that it cannot believe, and of nothing before the question", async () => {
  const answers: (Buffer | undefined)[] = [Buffer.of(1, 4, 2, 0x12, 0x34), Buffer.of(1, 4, 2, 0x56), undefined];
  const { bus } = await lineTo("rtu", () => answers.shift());
  // Whole, with the CRC that the slave put behind it: no failure, and nothing to keep.
  expect((await bus.readInputRegisters(1, 0, 1)).toString("hex")).toBe("1234");
  expect(await keptOf(bus.readInputRegisters(1, 0, 1))).toMatch(/^modbus-timeout 01040256....$/);
  expect(await keptOf(bus.readInputRegisters(1, 0, 1))).toBe("modbus-timeout ");
});

it("keeps at most 512 bytes of a line that never stops", async () => {
  const { bus } = await lineTo("rtu", (_request, late) => {
    for (let time = 0; time < 20; time++) setTimeout(() => late(Buffer.alloc(100, 0x55)), time * 5);
    return undefined;
  });
  const [code, hex] = (await keptOf(bus.readInputRegisters(1, 0, 1))).split(" ");
  expect([code, hex?.length]).toEqual(["modbus-timeout", 1024]);
});

it("refuses an echo of another coil or register", async () => {
  const { bus } = await lineTo("tcp", (request) => {
    request.writeUInt16BE(99, 2);
    return request.subarray(0, 6);
  });
  expect(await codeOf(bus.writeCoil(1, 3, true))).toBe("modbus-bad-reply");
  expect(await codeOf(bus.writeRegister(1, 3, 7))).toBe("modbus-bad-reply");
  expect(await codeOf(bus.writeRegisters(1, 3, [7]))).toBe("modbus-bad-reply");
});

it.each<ModbusTransport>([
  { kind: "tcp", host: "127.0.0.1", port: 1 },
  { kind: "rtu-over-tcp", host: "127.0.0.1", port: 1 },
  { kind: "serial", path: "/dev/no-such-port", settings: { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } },
])("says unreachable for $kind where nothing is", async (transport) => {
  const bus = modbusSerialBus(transport);
  expect(await codeOf(bus.readInputRegisters(1, 0, 1))).toBe("modbus-unreachable");
  await bus.close();
});

it("ends the request in flight and refuses new ones when closed", async () => {
  const { bus } = await lineTo("tcp", () => undefined, 60_000);
  const waiting = codeOf(bus.readInputRegisters(1, 0, 1));
  const queued = codeOf(bus.readInputRegisters(1, 0, 1));
  await bus.close();
  expect(await Promise.all([waiting, queued, codeOf(bus.readCoils(1, 0, 1))])).toEqual([
    "modbus-closed",
    "modbus-closed",
    "modbus-closed",
  ]);
});

it.skipIf(!socat)("speaks RTU over a serial line (socat PTY) and reopens it after a timeout", async () => {
  const ptys = await ptyPair(socat ?? "");
  onTestFinished(() => ptys.close());
  const settings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
  const slave = new SerialPort({ path: ptys.b, baudRate: settings.baud });
  onTestFinished(() => {
    if (slave.isOpen) slave.close();
  });
  let silent = true;
  let damaged = false;
  let kept: Buffer = Buffer.alloc(0);
  slave.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    for (; kept.length >= 8; kept = kept.subarray(8)) {
      if (silent) silent = false;
      else if (damaged) slave.write(Buffer.of(2, 4, 2, 0, 1, 0x00, 0xff));
      else slave.write(rtuFrame(countingRegisters(kept.subarray(0, 6))));
    }
  });
  const bus = modbusSerialBus({ kind: "serial", path: ptys.a, settings }, { timeoutMs: 400 });
  onTestFinished(() => bus.close());
  expect(await keptOf(bus.readInputRegisters(1, 0, 4))).toBe("modbus-timeout ");
  expect((await bus.readInputRegisters(1, 20, 76)).readUInt16BE(150)).toBe(95);
  expect((await bus.readInputRegisters(2, 1, 1)).readUInt16BE(0)).toBe(1);
  damaged = true;
  expect(await keptOf(bus.readInputRegisters(2, 1, 1))).toBe("modbus-bad-reply 020402000100ff");
});
