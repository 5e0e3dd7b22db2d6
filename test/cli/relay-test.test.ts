import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { clickedAndBack } from "../../cli/relay-test.ts";
import { errorCode } from "../../core/app-error.ts";
import type { Relay } from "../../drivers/appliance/relay.ts";
import { agentHouse, type HouseYaml } from "../fake/agent-house.ts";
import { modbusSlave } from "../fake/modbus-slave.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml, threeRelays, writeGateway } from "./gateway-files.ts";
import { gatewayProcess } from "./gateway-process.ts";
import { cliOf } from "./house-config.ts";

describe("relay test by the running agent", { timeout: 90_000 }, () => {
  /** A boiler on r1 (open when safe), a pump on r2 (closed when safe), and a meter that has just spoken. */
  async function running(furnish?: (yaml: HouseYaml) => object) {
    const house = await agentHouse(furnish);
    const agent = await house.start();
    await house.hear(agent, 100_000);
    const { ask, start } = cliOf(house);
    const { board, clock, log } = house;
    /** Types it, waits until the contact has moved and the agent counts the seconds, then lets the time pass. */
    const click = async (relay: string, coil: number, seconds = 5) => {
      const [before, earlier] = [board.coils.get(coil) ?? false, log.informed("relay test")];
      const typed = start("relay", "test", relay, "--for", `${seconds}s`);
      await until("the contact has moved", () => (board.coils.get(coil) ?? false) !== before);
      await until("the agent counts", () => log.informed("relay test") > earlier);
      const end = async () => {
        let ended = false;
        void typed.ended.then(() => (ended = true));
        await until("it has ended", async () => {
          await clock.advance(1000);
          return ended;
        });
        return typed.ended;
      };
      return { typed, end };
    };
    return { ...house, agent, ask, start, click };
  }

  it("closes it for the time and opens it again, whatever the minimum on time, and then it rests", async () => {
    const { board, ask, click, clock } = await running();
    const { typed, end } = await click("r1", 0);
    await clock.advance(3000);
    expect([board.coils.get(0), typed.lines]).toEqual([true, []]);
    expect(await end()).toEqual({ code: 0, out: "r1: closed for 5 s and open again, by the agent (boiler)", err: "" });
    expect(board.coils.get(0)).toBe(false);
    const again = await ask("relay", "test", "r1");
    expect(again).toMatchObject({ code: 1, out: "", err: "relay-test-refused: boiler: minimum off time runs\n" });
    await clock.advance(60_000);
    expect(board.writes.filter(({ coil }) => coil === 0)).toEqual([false, true, false].map((on) => ({ coil: 0, on })));
  });

  it("opens one that is closed in its safe state, where the rest after it is no longer than the test", async () => {
    const { board, click } = await running((yaml) => ({
      ...yaml,
      appliances: { ...yaml.appliances, pump: { ...(yaml.appliances as { pump: object }).pump, min_off_s: 3 } },
    }));
    const { end } = await click("r2", 1);
    expect(await end()).toMatchObject({ code: 0, out: "r2: open for 5 s and closed again, by the agent (pump)" });
    expect(board.coils.get(1)).toBe(true);
  });

  it("refuses what the guard refuses, and what would disturb somebody", async () => {
    const { board, agent, ask, hear, sign, instructions, down, clock } = await running((yaml) => ({
      ...yaml,
      relays: {
        ...yaml.relays,
        r3: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 2, on_boot: "open" },
        r4: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 3, on_boot: "open" },
        r5: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 4, on_boot: "open" },
      },
      appliances: { ...yaml.appliances, heat: { type: "heat_pump_sg_ready", relays: ["r3", "r4"], rated_power_w: 500 } },
    }));
    const refused = async (code: number, said: string, ...args: string[]): Promise<void> => {
      const writes = board.writes.length;
      const result = await ask("relay", "test", ...args);
      expect(result).toMatchObject({ code, out: "" });
      expect(result.err).toContain(said);
      expect(board.writes).toHaveLength(writes);
    };
    await refused(2, 'relay-unknown: no relay "r9"; there are: r1, r2', "r9");
    await refused(1, "two contacts of heat", "r4");
    await refused(1, "no appliance uses relay", "r5");
    await refused(1, "once off it rests for 300 s", "r2");
    await refused(2, "usage-bad-time", "r1", "--for", "16m");
    await refused(2, "usage-bad-time", "r1", "--for", "soon");
    await clock.advance(2000);
    await hear(agent, 100_001, 4000);
    await refused(1, "relay-test-refused: boiler: no room under the house import limit", "r1");
    await clock.advance(2000);
    await hear(agent, 100_002);
    expect((await ask("override", "pause", "boiler", "--until", "2026-04-02T11:00:00Z")).code).toBe(0);
    await refused(1, "pause of boiler until 2026-04-02T11:00", "r1");
    expect((await ask("override", "clear", "boiler")).code).toBe(0);
    await down("instr/boiler", await sign("instruction", instructions("boiler", true)));
    await until("the boiler is on", () => board.coils.get(0) === true);
    await refused(1, "boiler does not stand in its safe state (off): cheapest time", "r1");
    await clock.advance(80_000);
    await until("the boiler is off", () => board.coils.get(0) === false);
    await clock.advance(300_000);
    await refused(1, "relay-test-refused: boiler: meter stale, safe state", "r1");
  });

  it("ends early where a limit demands it, and says so", async () => {
    const { board, agent, click, hear, clock } = await running();
    const { end } = await click("r1", 0, 600);
    await clock.advance(3000);
    await hear(agent, 100_001, 8000);
    await until("it was shed", () => board.coils.get(0) === false);
    const { code, err } = await end();
    expect(code).toBe(1);
    expect(err).toMatch(/^relay-test-failed: r1 was closed for [34] s only: above the house import limit$/m);
  });

  it("goes back at once when whoever typed it stops it", async () => {
    const { board, click } = await running();
    const { typed } = await click("r1", 0, 600);
    typed.child.kill("SIGINT");
    await until("it is open again", () => board.coils.get(0) === false);
    expect(await typed.ended).toMatchObject({ code: 1, out: "r1: stopped; the agent puts it back" });
  });

  it("says that the board does not follow", async () => {
    const { board, ask } = await running();
    board.stuck.add(0);
    expect(await ask("relay", "test", "r1")).toMatchObject({
      code: 1,
      err: "relay-test-failed: boiler was told and does not read so; look at the agent's log\n",
    });
  });
});

it("clicks beside an agent process, and what meter and plan say can be read meanwhile", { timeout: 90_000 }, async () => {
  const { board, start, ready, ask } = await gatewayProcess();
  const running = start();
  await ready(running);
  await until("the meter was read", async () => (await ask("meter", "read", "grid")).code === 0, 20_000);
  expect((await ask("schedule", "explain", "now")).out).toMatch(/^boiler: off \(0 W\) from /m);
  const typed = ask("relay", "test", "boiler", "--for", "4s");
  await until("it is closed", () => board.coils.get(3) === true, 20_000);
  expect((await ask("status")).out).toMatch(/^boiler: on \(2000 W\), relay test until /m);
  expect(await typed).toMatchObject({ code: 0, out: "boiler: closed for 4 s and open again, by the agent (boiler)" });
  expect(board.coils.get(3)).toBe(false);
  running.child.kill("SIGTERM");
  await running.ended;
});

describe("relay test without an agent", { timeout: 30_000 }, () => {
  async function gateway(relays: object = threeRelays) {
    const folder = scratch("relay-test");
    const board = await relayBoard([[4, true]]);
    const buses = {
      ...(gatewayYaml() as { buses: object }).buses,
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    };
    const config = writeGateway(folder, { ...relays, buses });
    return { folder, board, args: (...more: string[]) => ["relay", "test", ...more, "-c", config] };
  }

  it.each<[string, number, boolean[], string]>([
    ["boiler", 3, [true, false], "boiler: closed for 1 s and open again, without an agent"],
    ["pump", 4, [false, true], "pump: open for 1 s and closed again, without an agent"],
    ["car", 5, [false, true], "car: closed for 1 s and open again, without an agent"],
  ])("takes %s out of its safe state and back", async (name, coil, writes, said) => {
    const { board, args } = await gateway();
    expect(await runCli(args(name, "--for", "1s"))).toEqual({ code: 0, out: said, err: "" });
    expect(board.writes).toEqual(writes.map((on) => ({ coil, on })));
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("puts it back on %s", async (signal) => {
    const { board, args } = await gateway();
    const typed = startCli(args("boiler", "--for", "10m"));
    await until("it is closed", () => board.coils.get(3) === true, 20_000);
    typed.child.kill(signal);
    expect(await typed.ended).toMatchObject({
      code: 1,
      out: "boiler: closed until it was stopped and open again, without an agent",
    });
    expect(board.coils.get(3)).toBe(false);
  });

  it("exits 3 where it cannot be put back, after trying again", async () => {
    const { board, args } = await gateway();
    const typed = startCli(args("boiler", "--for", "10m"));
    await until("it is closed", () => board.coils.get(3) === true, 20_000);
    board.stuck.add(3);
    typed.child.kill("SIGINT");
    const { code, err } = await typed.ended;
    expect([code, board.writes.filter(({ on }) => !on).length]).toEqual([3, 3]);
    expect(err).toMatch(/^relay-test-failed: boiler is not back in its safe state \(open\): .*; switch it by hand$/m);
  });

  it("leaves the opening to the board's own timer too, where it has one", async () => {
    const asked: number[] = [];
    let closed = false;
    const slave = await modbusSlave("tcp", (request) => {
      const [unit = 0, code] = request;
      if (code === 1) return Buffer.from([unit, 1, 1, closed ? 1 : 0]);
      asked.push(request.readUInt16BE(2));
      closed = request.readUInt16BE(2) >= 0x200 || request.readUInt16BE(4) === 0xff00;
      return request;
    });
    onTestFinished(() => slave.close());
    const board = { type: "modbus_tcp", host: "127.0.0.1", port: slave.port };
    const config = writeGateway(scratch("relay-test"), {
      buses: { ...(gatewayYaml() as { buses: object }).buses, board },
      relays: { boiler: { driver: "modbus_coil", bus: "board", unit_id: 1, coil: 3, on_boot: "open", timer: "waveshare" } },
    });
    expect((await runCli(["relay", "test", "boiler", "--for", "1s", "-c", config])).code).toBe(0);
    expect([asked, closed]).toEqual([[0x203, 3], false]);
  });

  it("switches nothing where an agent is there and does not answer, nor for a relay that is not there", async () => {
    const { folder, board, args } = await gateway();
    expect(await runCli(args("sauna"))).toMatchObject({
      code: 2,
      err: expect.stringContaining('relay-unknown: no relay "sauna"'),
    });
    mkdirSync(join(folder, "state"));
    const hung = createServer((socket) => socket.destroy()).listen(join(folder, "state", "agent.sock"));
    onTestFinished(() => void hung.close());
    expect(await runCli(args("boiler"))).toMatchObject({ code: 3, err: expect.stringContaining("agent-unreachable") });
    expect(board.writes).toEqual([]);
  });
});

it("lets go of the relay also where it cannot be put back", async () => {
  const set: boolean[] = [];
  let closed = 0;
  const relay: Relay = {
    name: "boiler",
    set(on) {
      set.push(on);
      return on ? Promise.resolve() : Promise.reject(new Error("EIO"));
    },
    isClosed: () => Promise.resolve(true),
    close: () => void closed++,
  };
  const over = AbortSignal.abort();
  expect(await clickedAndBack(relay, false, 1, over).then(() => "done", errorCode)).toBe("relay-test-failed");
  expect([set, closed]).toEqual([[true, false, false, false], 1]);
});
