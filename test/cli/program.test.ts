import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { startStatusServer } from "../../agent/api/status-server.ts";
import { isAgentGone, isAgentHung } from "../../cli/ask-agent.ts";
import { AppError } from "../../core/app-error.ts";
import { agentApi } from "../fake/agent-api.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, threeRelays, writeGateway } from "./gateway-files.ts";

const example = join(import.meta.dirname, "../../deploy/agent.example.yaml");

describe("usage", () => {
  it.each<[string, string[], RegExp]>([
    ["an unknown verb", ["agnet"], /unknown command/],
    ["an unknown verb below a known one", ["agent", "walk"], /unknown command/],
    ["a missing option", ["agent", "run"], /required option.*--config/],
    ["an unknown option", ["config", "check", "-c", "x", "--jsn"], /unknown option/],
    ["a number that is none", ["simulate", "broker", "--port", "many"], /usage-bad-number: --port/],
    ["a file that is not there", ["agent", "run", "-c", "/no/such.yaml"], /^\/no\/such\.yaml cannot be read/],
  ])("exits 2 for %s, says why on stderr and nothing on stdout", async (_, args, message) => {
    const { code, out, err } = await runCli(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
  });

  it("lets no name in a file move the cursor of whoever reads of its mistake", async () => {
    const file = join(scratch("program"), "book.json");
    writeFileSync(file, JSON.stringify({ orders: [], "\u001b[2J\u202e": 1 }));
    const { err } = await runCli(["market", "replay", file]);
    expect(err).toContain('Unrecognized key: "?[2J?"');
    expect(err).not.toContain("\u001b");
  });

  it("exits 0 for help", async () => {
    const { code, out } = await runCli(["--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/agent.*aggregator/s);
  });
});

it("says the version of the package, and nothing else", async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as { version: string };
  expect(await runCli(["--version"])).toEqual({ code: 0, out: version, err: "" });
});

describe("aggregator config check", () => {
  const file = join(import.meta.dirname, "../../deploy/aggregator.example.yaml");
  const ask = (path: string, ...more: string[]) => runCli(["aggregator", "config", "check", "-c", path, ...more]);

  it("finds the example good, and with all that stands behind # too", async () => {
    expect(await ask(file)).toEqual({
      code: 0,
      err: "",
      out: "good: elm-community, 1 sites, neither settlement nor enrolment",
    });
    const whole = join(scratch("config"), "whole.yaml");
    writeFileSync(
      whole,
      readFileSync(file, "utf8")
        .replaceAll(/^# (?=(?: {2})*[a-z_]+:(?: |$))/gm, "")
        .replaceAll("  # elm", "  elm"),
    );
    expect(JSON.parse((await ask(whole, "--json")).out)).toEqual({
      ok: true,
      id: "elm-community",
      sites: 2,
      settlement: true,
      enrolment: true,
    });
  });

  it("exits 2 with the place of every mistake", async () => {
    const bad = join(scratch("config"), "bad.yaml");
    const good = readFileSync(file, "utf8");
    writeFileSync(bad, good.replace("every_s: 3600", "every_s: 1").replace("127.0.0.1:8490", "127.0.0.1:84900"));
    const { code, out, err } = await ask(bad);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/bad\.yaml:\d+:\d+ plan\.every_s /);
    expect(err).toMatch(/bad\.yaml:\d+:\d+ http\.listen host:port/);
  });
});

describe("config", () => {
  it("finds the example good", async () => {
    const plain = await runCli(["config", "check", "-c", example]);
    expect(plain).toMatchObject({ code: 0, err: "" });
    expect(plain.out).toMatch(/^good: Elm Street 12, meters grid, heat_pump, appliances boiler, heat_pump$/);
    expect(JSON.parse((await runCli(["config", "check", "-c", example, "--json"])).out)).toMatchObject({
      ok: true,
      meters: ["grid", "heat_pump"],
    });
  });

  it("exits 2 with file:line:col, path and message for every mistake", async () => {
    const file = join(scratch("config"), "bad.yaml");
    const good = readFileSync(example, "utf8");
    writeFileSync(
      file,
      good
        .replace("fuse_a: 25", "fuse_a: many")
        .replace("role: load", "rule: load")
        .replace("bus: rs485, unit_id: 2", "bus: rs484, unit_id: 2"),
    );
    const { code, out, err } = await runCli(["config", "check", "-c", file]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    const line = (text: string): number =>
      readFileSync(file, "utf8")
        .split("\n")
        .findIndex((one) => one.includes(text)) + 1;
    expect(err).toMatch(new RegExp(`^${file}:${line("fuse_a: many")}:\\d+ site\\.grid\\.fuse_a .+$`, "m"));
    expect(err).toMatch(new RegExp(`^${file}:${line("rule: load")}:\\d+ meters\\.heat_pump\\.rule unknown key "rule".*$`, "m"));
    const json = await runCli(["config", "check", "-c", file, "--json"]);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, code: "config-invalid", issues: err.trim().split("\n") });
  });

  it("names the place of a bus that is not there and of YAML that is none", async () => {
    const folder = scratch("config");
    const missing = writeGateway(folder, { meters: { grid: { role: "grid", driver: "dsmr", bus: "p2" } } });
    expect((await runCli(["agent", "run", "-c", missing])).err).toMatch(
      /agent\.yaml:\d+:\d+ meters\.grid\.bus no bus called "p2" \(have: p1, board\)/,
    );
    writeFileSync(missing, "version: 1\nsite: {name: x\n");
    expect(await runCli(["config", "check", "-c", missing])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/agent\.yaml:\d+:\d+ /),
    });
  });

  it("prints a JSON Schema that takes the example's keys and forbids others", async () => {
    const { code, out } = await runCli(["config", "schema"]);
    expect(code).toBe(0);
    const schema = z.object({
      type: z.literal("object"),
      properties: z.record(z.string(), z.unknown()),
      additionalProperties: z.literal(false),
    });
    const { properties } = schema.parse(JSON.parse(out));
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(gatewayYaml(threeRelays))));
  });
});

describe("status", () => {
  it("exits 3 where no agent runs", async () => {
    const { code, out, err } = await runCli(["status", "-c", writeGateway(scratch("status"))]);
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toMatch(/^agent-unreachable: no agent answers at .*agent\.sock/);
  });

  it("exits 3 where something else answers on the socket", async () => {
    const folder = scratch("status");
    mkdirSync(join(folder, "state"));
    const server = await startStatusServer(join(folder, "state", "agent.sock"), agentApi({ status: () => undefined }));
    onTestFinished(() => server.close());
    expect((await runCli(["status", "-c", writeGateway(folder)])).code).toBe(3);
  });
});

describe("relay failsafe", () => {
  it("puts every relay into its declared state and reads it back", async () => {
    const board = await relayBoard([
      [3, true],
      [4, false],
      [5, false],
    ]);
    const buses = {
      ...(gatewayYaml() as { buses: object }).buses,
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    };
    const { code, out } = await runCli(["relay", "failsafe", "-c", writeGateway(scratch("failsafe"), { ...threeRelays, buses })]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ relays: 3, failed: [] });
    expect([...board.coils]).toEqual([
      [3, false],
      [4, true],
      [5, true],
    ]);
  });

  it("switches nothing where an agent answers", async () => {
    const folder = scratch("failsafe");
    mkdirSync(join(folder, "state"));
    const server = await startStatusServer(join(folder, "state", "agent.sock"), agentApi());
    onTestFinished(() => server.close());
    const board = await relayBoard([[3, true]]);
    const buses = {
      ...(gatewayYaml() as { buses: object }).buses,
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    };
    const { code, err } = await runCli(["relay", "failsafe", "-c", writeGateway(folder, { ...threeRelays, buses })]);
    expect([code, [...board.coils]]).toEqual([2, [[3, true]]]);
    expect(err).toContain("agent-running");
  });

  it.each<[string, (socket: Socket) => void, number, boolean]>([
    ["puts them into it where an agent hangs", () => undefined, 0, false],
    ["switches nothing where it cannot be told whether an agent is there", (socket) => void socket.destroy(), 3, true],
  ])("%s", { timeout: 20_000 }, async (_, take, code, closed) => {
    const folder = scratch("failsafe");
    mkdirSync(join(folder, "state"));
    const sockets = new Set<Socket>();
    const agent = createServer((socket) => {
      sockets.add(socket);
      take(socket);
    }).listen(join(folder, "state", "agent.sock"));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      agent.close();
    });
    const board = await relayBoard([[3, true]]);
    const buses = {
      ...(gatewayYaml() as { buses: object }).buses,
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    };
    const result = await runCli(["relay", "failsafe", "-c", writeGateway(folder, { ...threeRelays, buses })]);
    expect([result.code, board.coils.get(3)]).toEqual([code, closed]);
    expect(result.err.includes("agent-unreachable")).toBe(code === 3);
  });

  it.each([
    ["EACCES", false, false],
    ["ECONNRESET", false, false],
    ["ENOENT", true, false],
    ["ECONNREFUSED", true, false],
    ["ETIMEDOUT", false, true],
    ["EAGAIN", false, true],
  ])("takes %s for an agent that is gone (%s), or hangs (%s)", (code, gone, hung) => {
    const error = new AppError("agent-unreachable", "", { cause: Object.assign(new Error(code), { code }) });
    expect([isAgentGone(error), isAgentHung(error)]).toEqual([gone, hung]);
  });

  it("exits 3 on a dead bus, naming every relay, after trying each", async () => {
    const { code, out, err } = await runCli(["relay", "failsafe", "-c", writeGateway(scratch("failsafe"), threeRelays)]);
    expect(code).toBe(3);
    expect(JSON.parse(out)).toEqual({ relays: 3, failed: ["boiler", "pump", "car"] });
    expect(err.match(/modbus-unreachable/g)).toHaveLength(9);
  });
});

describe("key create", () => {
  const settlement = {
    key: "household",
    passphrase_file: "passphrase",
    agreement_file: "agreement.json",
    chain_id: 1337,
    rpc_url: "http://127.0.0.1:1",
  };
  const withKey = { settlement: { ...settlement, contract: `0x${"0".repeat(40)}` } };

  it("makes a key of mode 0600, says its address, and never overwrites it", async () => {
    const folder = scratch("key");
    writeFileSync(join(folder, "passphrase"), "correct horse battery\n", { mode: 0o600 });
    const config = writeGateway(folder, withKey);
    const first = await runCli(["key", "create", "-c", config]);
    expect(first.code).toBe(0);
    const { address, file } = z
      .object({ address: z.string().regex(/^0x[0-9a-f]{40}$/), file: z.string() })
      .parse(JSON.parse(first.out));
    expect(file).toBe(join(folder, "state", "keys", "household.json"));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const before = readFileSync(file, "utf8");
    expect(before).toContain(address.slice(2));
    const second = await runCli(["key", "create", "-c", config]);
    expect(second).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/^keystore-exists: /) });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it.each<[string, object, string | null, RegExp]>([
    ["no settlement section", {}, null, /^settlement-not-configured: /],
    ["no passphrase file", withKey, null, /^keystore-no-passphrase: /],
    ["a passphrase of few characters", withKey, "short\n", /^keystore-weak-passphrase: /],
  ])("exits 2 for %s", async (_, more, passphrase, message) => {
    const folder = scratch("key");
    if (passphrase !== null) writeFileSync(join(folder, "passphrase"), passphrase, { mode: 0o600 });
    expect(await runCli(["key", "create", "-c", writeGateway(folder, more)])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(message),
    });
  });
});
