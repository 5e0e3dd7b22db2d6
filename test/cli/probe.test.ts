import { SerialPort } from "serialport";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { families } from "../../drivers/meter/modbus/families.ts";
import { startLoopbackServer } from "../../simulator/loopback-server.ts";
import { encodeHan } from "../../simulator/meter/han-encoder.ts";
import { iecMeter } from "../../simulator/meter/iec-meter.ts";
import { startModbusTcpServer } from "../../simulator/modbus/modbus-tcp-server.ts";
import { imageUnit, registerImage } from "../../simulator/modbus/register-image.ts";
import { familyValues, seeded } from "../fake/family-values.ts";
import { dsmr5Lines, telegram } from "../fake/p1-telegram.ts";
import { peer } from "../fake/peer.ts";
import { ptyPair } from "../fake/pty-pair.ts";
import { modbusSlave } from "../fake/modbus-slave.ts";
import { pythonWithPymodbus, startPymodbus } from "../fake/pymodbus-slave.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { writeGateway } from "./gateway-files.ts";

const socat = peer("socat");
const python = pythonWithPymodbus();
const Answer = z.object({
  ok: z.boolean(),
  found: z.array(z.looseObject({ family: z.string(), meter: z.string().nullable() })),
  cause: z.object({ code: z.string() }).nullable(),
});

/** The configuration that was printed reads as a part of a whole one. */
async function accepted(fragment: string): Promise<void> {
  const folder = scratch("probe");
  const { buses, meters } = z.object({ buses: z.looseObject({}), meters: z.looseObject({}) }).parse(parse(fragment));
  const { code, err } = await runCli(["config", "check", "-c", writeGateway(folder, { buses, meters })]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
}

/** A PTY with something at its other end that hears and says bytes. */
async function line(hear: (bytes: Uint8Array, say: (bytes: Uint8Array) => void) => void) {
  const ptys = await ptyPair(socat ?? "");
  onTestFinished(() => ptys.close());
  const meter = new SerialPort({ path: ptys.b, baudRate: 300, autoOpen: false });
  await new Promise<void>((resolve, reject) => meter.open((error) => (error ? reject(error) : resolve())));
  onTestFinished(() => new Promise<void>((resolve) => meter.close(() => resolve())));
  const say = (bytes: Uint8Array): void => void meter.write(Buffer.from(bytes));
  meter.on("data", (chunk: Buffer) => hear(chunk, say));
  return { path: ptys.a, say };
}

/** Whether a Modbus unit says its voltage. */
async function answers(path: string, unit: number): Promise<boolean> {
  const settings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
  const bus = modbusSerialBus({ kind: "serial", path, settings }, { timeoutMs: 2000 });
  try {
    return (await bus.readInputRegisters(unit, 0, 2)).length > 0;
  } catch {
    return false;
  } finally {
    await bus.close();
  }
}

function every(ms: number, job: () => void): void {
  const timer = setInterval(job, ms);
  onTestFinished(() => clearInterval(timer));
}

describe("on a serial line", () => {
  it.skipIf(!socat)("finds a P1 meter and prints the configuration that reads it", async () => {
    const { path, say } = await line(() => undefined);
    every(100, () => say(telegram(dsmr5Lines)));
    const { code, out } = await runCli(["probe", "--serial", path, "--timeout", "5"]);
    expect(code).toBe(0);
    expect(out).toContain("# found p1: TST5\\2M4410E-0001");
    expect(parse(out)).toEqual({
      buses: { meter: { type: "serial", port: path } },
      meters: {
        grid: { role: "grid", bus: "meter", driver: "dsmr", baud: 115_200, data_bits: 8, parity: "none", stop_bits: 1 },
      },
    });
    await accepted(out);
  });

  it.skipIf(!socat)("finds an IEC meter that has to be asked", async () => {
    let say = (_: Uint8Array): void => undefined;
    const hear = iecMeter(
      { ident: "SIM5OPT-1", lines: ["1.8.0(000001.500*kWh)"], echoes: true },
      { send: (bytes) => say(bytes), speed: () => undefined, after: (ms, job) => void setTimeout(job, ms + 200) },
    );
    const { path } = await line((bytes, answer) => {
      say = answer;
      hear(bytes);
    });
    const { code, out } = await runCli(["probe", "--serial", path, "--timeout", "0.3"]);
    expect(code).toBe(0);
    expect(out).toContain("# found iec62056-21: SIM5OPT-1");
    await accepted(out);
  });

  it.skipIf(!socat)(
    "says what a silent line may mean, exit 1",
    async () => {
      const { path } = await line(() => undefined);
      const { code, out } = await runCli(["probe", "--serial", path, "--timeout", "0.2"]);
      expect(code).toBe(1);
      expect(out).toMatch(/^nothing found: not one byte.*\(probe-no-bytes\)/);
    },
    30_000,
  );

  it.skipIf(!socat)("tells that a port is in use, exit 3", async () => {
    const { path } = await line(() => undefined);
    const other = new SerialPort({ path, baudRate: 9600, autoOpen: false });
    await new Promise<void>((resolve, reject) => other.open((error) => (error ? reject(error) : resolve())));
    onTestFinished(() => new Promise<void>((resolve) => other.close(() => resolve())));
    expect(await runCli(["probe", "--serial", path])).toMatchObject({
      code: 3,
      out: "",
      err: expect.stringContaining("probe-port-busy") as string,
    });
  });

  it.skipIf(!socat || !python)(
    "finds Modbus units and names their family",
    async () => {
      const ptys = await ptyPair(socat ?? "");
      onTestFinished(() => ptys.close());
      const words = Object.fromEntries(registerImage(familyValues(families.sdm630, seeded(3))));
      const slave = startPymodbus(python ?? "", { device: ptys.b }, { units: [{ unit: 7, function: 4, words }] });
      onTestFinished(() => slave.stop());
      await until("the slave answers", () => answers(ptys.a, 7), 60_000);
      // On a machine with much else to do it may take longer than a real one ever does: then it is given more time.
      let result = { code: 1 as number | null, out: "", err: "" };
      for (const seconds of ["0.03", "0.06", "0.12", "0.24"]) {
        result = await runCli(["probe", "--serial", ptys.a, "--modbus", "--timeout", seconds]);
        if (result.code === 0 && result.out.includes("sdm630")) break;
      }
      expect(result.code).toBe(0);
      expect(result.out).toContain("# found modbus unit 7");
      expect(result.out).toContain("sdm630");
      await accepted(result.out);
    },
    300_000,
  );
});

describe("on a socket", () => {
  const han = encodeHan({
    meterId: "7350000000000031",
    localS: Date.UTC(2026, 2, 3, 4, 5, 10) / 1000,
    deviationMinutes: -60,
    importWh: 1000,
    exportWh: 0,
    powerW: 500,
    phases: [],
  });

  it("finds a HAN meter, as JSON", async () => {
    const server = await startLoopbackServer(0, (socket) => {
      const timer = setInterval(() => socket.write(han), 100);
      socket.on("close", () => clearInterval(timer));
    });
    onTestFinished(() => server.close());
    const { code, out } = await runCli(["probe", "--tcp", `127.0.0.1:${server.port}`, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      found: [{ family: "han", driver: { driver: "han" } }],
      cause: null,
      config: {
        buses: { meter: { type: "tcp", host: "127.0.0.1", port: server.port } },
        meters: { grid: { role: "grid", driver: "han", bus: "meter" } },
      },
    });
  });

  it("finds all Modbus units of a gateway, by SunSpec and by voltage, and what no family fits", async () => {
    const sdm = imageUnit(registerImage(familyValues(families.sdm630, seeded(5))), { functionCode: 4, holes: "zero" });
    const abb = imageUnit(registerImage(familyValues(families.abb_b, seeded(6))), { functionCode: 3, holes: "refuse" });
    const units = new Map([
      [2, sdm],
      [30, abb],
      [31, { readHoldings: (_: number, count: number) => Buffer.alloc(count * 2) }],
      [126, { readHoldings: sunSpec }],
    ]);
    const server = await startModbusTcpServer(0, units);
    onTestFinished(() => server.close());
    const { code, out } = await runCli(["probe", "--tcp", `127.0.0.1:${server.port}`, "--modbus", "--timeout", "1", "--json"]);
    expect(code).toBe(0);
    const { found } = Answer.parse(JSON.parse(out));
    expect(found).toMatchObject([
      { family: "modbus", unit: 2, driver: { driver: "modbus", unit_id: 2 } },
      { family: "modbus", unit: 30, driver: { driver: "modbus", unit_id: 30 } },
      { family: "modbus", unit: 31, driver: null, candidates: [] },
      { family: "sunspec", unit: 126, meter: "Acme Sun-1", driver: { driver: "sunspec", unit_id: 126 } },
    ]);
    expect(found[0]?.["candidates"]).toContain("sdm630");
    expect(found[1]?.["candidates"]).toContain("abb_b");
    expect(JSON.parse(out)).toMatchObject({
      config: { meters: { grid_2: { role: "grid", bus: "modbus" }, load_30: { role: "load" }, pv_126: { role: "pv" } } },
    });
    await accepted(JSON.stringify((JSON.parse(out) as { config: object }).config));
  }, 60_000);

  it("tells Modbus TCP from RTU frames in a socket", async () => {
    const slave = await modbusSlave("rtu", (request) =>
      request[0] === 3 ? Buffer.from([3, (request[1] ?? 0) | 0x80, 2]) : undefined,
    );
    onTestFinished(() => slave.close());
    const { code, out } = await runCli(["probe", "--tcp", `127.0.0.1:${slave.port}`, "--modbus", "--timeout", "0.02", "--json"]);
    expect(code).toBe(0);
    expect(Answer.parse(JSON.parse(out)).found).toMatchObject([{ unit: 3, driver: null }]);
  }, 60_000);

  it("says that nobody listens there, exit 3, also as JSON", async () => {
    const { port, close } = await startLoopbackServer(0, () => undefined);
    await close();
    const plain = await runCli(["probe", "--tcp", `127.0.0.1:${port}`]);
    expect(plain).toMatchObject({ code: 3, out: "", err: expect.stringContaining("probe-refused") as string });
    const json = await runCli(["probe", "--tcp", `127.0.0.1:${port}`, "--modbus", "--json"]);
    expect(json.code).toBe(3);
    expect(Answer.parse(JSON.parse(json.out))).toMatchObject({ ok: false, cause: { code: "probe-refused" } });
  });
});

/** Marker, common model, inverter model 101, end. */
function sunSpec(address: number, count: number): Buffer {
  const image = Buffer.alloc((2 + 68 + 52 + 2) * 2);
  image.write("SunS", 0);
  image.writeUInt16BE(1, 4);
  image.writeUInt16BE(66, 6);
  image.write("Acme", 8);
  image.write("Sun-1", 8 + 32);
  image.writeUInt16BE(101, 140);
  image.writeUInt16BE(50, 142);
  image.writeUInt16BE(0xffff, 244);
  const answer = Buffer.alloc(count * 2);
  if (address >= 40_000) image.copy(answer, 0, (address - 40_000) * 2);
  return answer;
}

it("exits 3 for a port that is not there", async () => {
  expect(await runCli(["probe", "--serial", "/dev/no-such-port"])).toMatchObject({
    code: 3,
    err: expect.stringContaining("probe-port-missing") as string,
  });
});

it.each([
  [[], "usage-missing-option"],
  [["--serial", "/dev/x", "--tcp", "box:1"], "usage-missing-option"],
  [["--tcp", "box"], "usage-bad-address"],
  [["--tcp", "box:0"], "usage-bad-number"],
  [["--tcp", "box:1", "--timeout", "soon"], "usage-bad-number"],
])("exits 2 for %j", async (args, code) => {
  expect(await runCli(["probe", ...args])).toMatchObject({ code: 2, out: "", err: expect.stringContaining(code) as string });
});
