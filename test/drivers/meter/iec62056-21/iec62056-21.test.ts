import { execFileSync } from "node:child_process";
import { SerialPort } from "serialport";
import { expect, it, onTestFinished } from "vitest";
import { serialBus } from "../../../../drivers/bus/serial-bus.ts";
import { tcpBus } from "../../../../drivers/bus/tcp-bus.ts";
import { attemptsOf, iec62056 } from "../../../../drivers/meter/iec62056-21/iec62056-21.ts";
import { IecOptions } from "../../../../drivers/meter/iec62056-21/iec-options.ts";
import { startLoopbackServer } from "../../../../simulator/loopback-server.ts";
import { encodePush, iecMeter, type IecMeter } from "../../../../simulator/meter/iec-meter.ts";
import { opticalLine, type OpticalLine } from "../../../fake/optical-line.ts";
import { peer } from "../../../fake/peer.ts";
import { ptyPair } from "../../../fake/pty-pair.ts";
import { FrameError } from "../../../../drivers/bus/frame-error.ts";
import { until } from "../../../fake/until.ts";

const lines = ["0.0.0(40712345)", "1.8.0(001234.567*kWh)", "2.8.0(000000.250*kWh)"];
const meterOf = (ident: string, more: Partial<IecMeter> = {}): IecMeter => ({ ident, lines, ...more });
const stamp = () => ({ receivedMs: 1000, clockSynced: true });
const good = { meter: "grid", meterId: "40712345", importWh: 1_234_567, exportWh: 250, quality: "valid", receivedMs: 1000 };

function reading(line: OpticalLine, options: object = {}) {
  const attempts = attemptsOf(IecOptions.parse(options), line.bus.fixedSpeed === true);
  return iec62056({ name: "grid", bus: line.bus, stamp, pollMs: 900_000, attempts, zone: "CET", after: line.clock.after });
}

it.each<[string, string, Partial<IecMeter>, object, number[]]>([
  ["mode C", "SIM5OPT-1", {}, {}, [300, 9600]],
  ["mode C with a fast meter", "SIm5OPT-1", {}, {}, [300, 9600]],
  ["mode C at the highest speed that is allowed", "SIM6OPT-1", {}, { max_baud: 19_200 }, [300, 19_200]],
  ["mode C without a change of speed", "SIM0OPT-1", {}, {}, [300]],
  ["mode B", "SIMEOPT-1", {}, {}, [300, 9600]],
  ["mode A", "SIM.OPT-1", {}, {}, [300]],
  ["an echoing head", "SIM5OPT-1", { echoes: true }, {}, [300, 9600]],
  ["an echoing head on a meter of mode A", "SIM.OPT-1", { echoes: true }, {}, [300]],
  ["an address", "SIM5OPT-1", { address: "40712345" }, { address: "40712345" }, [300, 9600]],
  ["a readout that was hurt once", "SIM5OPT-1", { hurt: (bytes, number) => (number ? bytes : spoiled(bytes)) }, {}, [300, 9600]],
  ["a meter that must be woken", "SIM5OPT-1", {}, { wake_up: true }, [300, 9600]],
])("reads a meter: %s", async (_, ident, more, options, speeds) => {
  const line = opticalLine(meterOf(ident, more));
  expect(await line.timed(reading(line, options).read())).toMatchObject(good);
  expect(line.speeds).toEqual(speeds);
});

function spoiled(bytes: Buffer): Buffer {
  const bad = Buffer.from(bytes);
  bad[20] = (bad[20] ?? 0) ^ 2;
  return bad;
}

it("asks a meter behind a socket to keep its speed", async () => {
  const line = opticalLine(meterOf("SIM5OPT-1"), { fixedSpeed: true });
  expect(await line.timed(reading(line).read())).toMatchObject(good);
  expect(line.written()).toBe("/?!\r\n\x06000\r\n");
});

it("reads a meter that pushes by itself, and begins there the next time", async () => {
  const line = opticalLine(undefined);
  const meter = reading(line);
  const pushing = new AbortController();
  line.clock.every(5000, () => line.say(encodePush("SIM0PUSH", lines), 2400), pushing.signal);
  expect(await line.timed(meter.read())).toMatchObject({ importWh: 1_234_567, quality: "unchecked" });
  expect(line.speeds).toEqual([300, 9600, 2400]);
  expect(await line.timed(meter.read())).toMatchObject({ importWh: 1_234_567 });
  expect(line.speeds).toEqual([300, 9600, 2400, 2400]);
});

it.each<[string, IecMeter | undefined, object, string]>([
  ["nobody", undefined, {}, "iec-no-answer"],
  ["another address", meterOf("SIM5OPT-1", { address: "1" }), { address: "2" }, "iec-no-answer"],
  ["a readout that is always hurt", meterOf("SIM5OPT-1", { hurt: spoiled }), {}, "iec-bad-bcc"],
  ["a readout that always stops", meterOf("SIM5OPT-1", { hurt: (bytes) => bytes.subarray(0, 30) }), {}, "iec-truncated"],
  ["a meter that measures nothing", meterOf("SIM5OPT-1", { lines: ["0.0.0(1)"] }), {}, "meter-impossible-reading"],
])("refuses %s", async (_, meter, options, code) => {
  const line = opticalLine(meter);
  await expect(line.timed(reading(line, options).read())).rejects.toMatchObject({ code });
});

it.each<[string, IecMeter | undefined, string]>([
  ["a hurt readout", meterOf("SIM5OPT-1", { hurt: spoiled }), "/SIM5OPT-1"],
  ["a readout without counters", meterOf("SIM5OPT-1", { lines: ["0.0.0(1)"] }), "0.0.0(1)"],
  ["nothing, of a silent line", undefined, ""],
])("keeps the bytes of %s", async (_, meter, text) => {
  const error = await opticalFailure(meter);
  expect(error).toBeInstanceOf(FrameError);
  const { bytes } = error as FrameError;
  if (text === "") expect(bytes).toHaveLength(0);
  else expect(Buffer.from(bytes.map((byte) => byte & 0x7f)).toString("latin1")).toContain(text);
});

const opticalFailure = (meter: IecMeter | undefined): Promise<unknown> => {
  const line = opticalLine(meter);
  return line.timed(reading(line).read()).catch((error: unknown) => error);
};

it("says which line is closed, and reads again once it is open", async () => {
  const line = opticalLine(meterOf("SIM5OPT-1"));
  const meter = reading(line);
  await line.timed(meter.read());
  line.lose("unplugged");
  await expect(line.timed(meter.read())).rejects.toMatchObject({
    code: "iec-no-answer",
    temporary: true,
    message: expect.stringContaining("unplugged") as string,
  });
  line.open();
  expect(await line.timed(meter.read())).toMatchObject(good);
});

it("does not wait for a readout when the line goes away", async () => {
  const line = opticalLine(undefined);
  const asked = reading(line).read();
  line.clock.after(500, () => line.lose("unplugged"), new AbortController().signal);
  await expect(line.timed(asked)).rejects.toMatchObject({ code: "iec-no-answer" });
  expect(line.clock.monotonicMs()).toBeLessThan(1000);
});

it.each([{ poll_s: 30 }, { mode: "E" }, { max_baud: 9601 }, { address: "a/b" }, { zone: "MSK" }])(
  "refuses the options %j",
  (options) => {
    expect(IecOptions.safeParse(options).success).toBe(false);
  },
);

const socat = peer("socat");
const stty = peer("stty");

it.skipIf(!socat || !stty)(
  "reads a meter on a PTY that changes its speed",
  async () => {
    const ptys = await ptyPair(socat ?? "");
    onTestFinished(() => ptys.close());
    const head = new SerialPort({ path: ptys.b, baudRate: 300, autoOpen: false });
    await new Promise<void>((resolve, reject) => head.open((error) => (error ? reject(error) : resolve())));
    onTestFinished(() => new Promise<void>((resolve) => head.close(() => resolve())));
    let baud = 300;
    /** The speed that the reader's side is set to; a PTY passes bytes at any. */
    const readerBaud = (): number => Number(execFileSync(stty ?? "", ["-F", ptys.a, "speed"], { encoding: "utf8" }));
    const hear = iecMeter(meterOf("SIM5OPT-1", { echoes: true }), {
      send: (bytes) => head.write(readerBaud() === baud ? Buffer.from(bytes) : Buffer.from(bytes.map((byte) => ~byte & 0x7f))),
      speed: (wanted) => (baud = wanted),
      // The time that the last bytes took on a real line.
      after: (ms, job) => void setTimeout(job, ms + 200),
    });
    head.on("data", hear);
    const bus = serialBus({ path: ptys.a });
    onTestFinished(() => bus.close());
    const attempts = attemptsOf(IecOptions.parse({}), false);
    const meter = iec62056({ name: "grid", bus, stamp, pollMs: 900_000, attempts, zone: "CET" });
    expect(await meter.read()).toMatchObject(good);
    expect(baud).toBe(9600);
  },
  20_000,
);

it("reads a meter behind a socket", async () => {
  const server = await startLoopbackServer(0, (socket) => {
    const hear = iecMeter(meterOf("SIM5OPT-1"), {
      send: (bytes) => void socket.write(bytes),
      speed: () => undefined,
      after: (ms, job) => void setTimeout(job, ms),
    });
    socket.on("data", hear);
  });
  onTestFinished(() => server.close());
  const bus = tcpBus({ host: "127.0.0.1", port: server.port });
  onTestFinished(() => bus.close());
  const attempts = attemptsOf(IecOptions.parse({}), bus.fixedSpeed === true);
  const meter = iec62056({ name: "grid", bus, stamp, pollMs: 900_000, attempts, zone: "CET" });
  expect(await meter.read()).toMatchObject(good);
  expect(bus.fixedSpeed).toBe(true);
  await until("the connection is there", () => server.sockets.size === 1);
});
