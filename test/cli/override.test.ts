import { expect, it, onTestFinished } from "vitest";
import { join } from "node:path";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { dsmr5Lines, telegram } from "../fake/p1-telegram.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml, threeRelays, writeGateway } from "./gateway-files.ts";

/** A running agent with a boiler on a real relay board and a meter that speaks. */
async function agent() {
  const folder = scratch("override");
  const board = await relayBoard();
  const p1 = await startP1Server(0);
  onTestFinished(() => p1.close());
  const config = writeGateway(folder, {
    ...threeRelays,
    buses: {
      ...(gatewayYaml() as { buses: object }).buses,
      p1: { type: "tcp", host: "127.0.0.1", port: p1.port },
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    },
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "boiler",
        rated_power_w: 2000,
        min_on_s: 0,
        min_off_s: 0,
        comfort: { energy_wh_per_day: 6000, not_before: "21:00", ready_by: "06:30" },
      },
    },
  });
  const speak = setInterval(() => p1.send(telegram(dsmr5Lines)), 200);
  onTestFinished(() => clearInterval(speak));
  const start = () => {
    const running = startCli(["agent", "run", "-c", config]);
    onTestFinished(() => void running.child.kill("SIGKILL"));
    return running;
  };
  const ask = (...args: string[]) => runCli([...args, "-c", config]);
  const ready = (running: ReturnType<typeof start>): Promise<void> =>
    until("the agent is up", () => running.lines.some((line) => line.includes("ready")), 20_000);
  return { board, start, ready, ask, state: join(folder, "state") };
}

it(
  "switches on at once for a boost, keeps it over a restart, and goes back when it is taken back",
  { timeout: 90_000 },
  async () => {
    const { board, start, ready, ask } = await agent();
    const first = start();
    await ready(first);
    expect(board.coils.get(3) ?? false).toBe(false);
    expect(await ask("override", "boost", "boiler", "--for", "2h")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^boiler: boost until /),
    });
    await until("the boiler is on", () => board.coils.get(3) === true, 20_000);
    expect((await ask("status")).out).toMatch(/^boiler: on \(2000 W\), boost until [^\n]*\n[\s\S]*override: boiler boost until/m);
    first.child.kill("SIGTERM");
    await first.ended;
    expect(board.coils.get(3)).toBe(false);
    const second = start();
    await ready(second);
    await until("the boiler is on again", () => board.coils.get(3) === true, 20_000);
    expect((await ask("override", "clear", "boiler")).code).toBe(0);
    await until("the boiler is off", () => board.coils.get(3) === false, 20_000);
    expect((await ask("status")).out).not.toContain("override:");
    second.child.kill("SIGTERM");
    await second.ended;
  },
);

it.each<[string, string[], string]>([
  ["an appliance that is not there", ["boost", "sauna", "--for", "1h"], "override-unknown-resource"],
  ["an end that is past", ["pause", "boiler", "--until", "2020-01-01T00:00:00Z"], "override-bad-end"],
  ["no end", ["pause", "boiler"], "usage-bad-time"],
  ["two ends", ["pause", "boiler", "--for", "1h", "--until", "2030-01-01T00:00:00Z"], "usage-bad-time"],
  ["a length that is none", ["boost", "boiler", "--for", "soon"], "usage-bad-time"],
  ["an instant that is none", ["boost", "boiler", "--until", "noon"], "usage-bad-time"],
])("refuses %s", { timeout: 60_000 }, async (_, args, code) => {
  const { start, ready, ask } = await agent();
  const running = start();
  await ready(running);
  const result = await ask("override", ...args);
  expect(result).toMatchObject({ code: 2, out: "" });
  expect(result.err).toContain(code);
  running.child.kill("SIGTERM");
  await running.ended;
});

it("says that no agent runs", async () => {
  const { ask } = await agent();
  expect(await ask("override", "boost", "boiler", "--for", "1h")).toMatchObject({
    code: 3,
    err: expect.stringContaining("agent-unreachable"),
  });
});
