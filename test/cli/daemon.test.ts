import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { relayBoard } from "../fake/relay-board.ts";
import { runCli, startCli, type CliOptions, type RunningCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { fakeNotify } from "./fake-notify.ts";
import { gatewayYaml, threeRelays, writeGateway } from "./gateway-files.ts";

/** An agent with a real relay board, ready. */
async function agent(options: CliOptions = {}, more: object = {}) {
  const folder = scratch("daemon");
  const board = await relayBoard([[3, true]]);
  const buses = {
    ...(gatewayYaml() as { buses: object }).buses,
    board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
  };
  const boiler = {
    type: "switched_load",
    relay: "boiler",
    rated_power_w: 2000,
    comfort: { energy_wh_per_day: 6000, not_before: "21:00", ready_by: "06:30" },
  };
  const config = writeGateway(folder, { ...threeRelays, buses, appliances: { boiler }, ...more });
  const running = startCli(["agent", "run", "-c", config], options);
  onTestFinished(() => void running.child.kill("SIGKILL"));
  return { running, board, config, state: join(folder, "state") };
}

const ready = (running: RunningCli): Promise<void> =>
  until(
    "the daemon is ready",
    () => {
      if (running.child.exitCode !== null) throw new Error(`it ended with ${running.child.exitCode}: ${running.err()}`);
      return running.lines.includes('{"kind":"ready","program":"agent"}');
    },
    20_000,
  );

it.each(["SIGTERM", "SIGINT"] as const)("runs until %s: exit 0, relays safe, database closed, socket gone", async (signal) => {
  const { running, board, config, state } = await agent();
  await ready(running);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  expect(await runCli(["status", "-c", config, "--json"])).toMatchObject({
    code: 0,
    out: expect.stringContaining('"site":"Alder Yard 7"'),
  });
  board.coils.set(3, true);
  running.child.kill(signal);
  expect(await running.ended).toMatchObject({ code: 0, out: '{"kind":"ready","program":"agent"}' });
  expect(board.coils.get(3)).toBe(false);
  expect(existsSync(join(state, "agent.sock"))).toBe(false);
  expect(existsSync(join(state, "data.db-wal"))).toBe(false);
  const db = new Database(join(state, "data.db"), { readonly: true });
  onTestFinished(() => void db.close());
  expect(db.pragma("integrity_check", { simple: true })).toBe("ok");
});

it("stops at the end of standard input where its parent is there", async () => {
  const { running } = await agent({ stdin: "pipe", env: { SMART_MLA_PARENT: "stdin" } });
  await ready(running);
  running.child.stdin?.end();
  expect((await running.ended).code).toBe(0);
});

it("runs on without standard input where it is a service", async () => {
  const { running } = await agent({ stdin: "pipe" });
  running.child.stdin?.end();
  await ready(running);
  running.child.kill("SIGTERM");
  expect((await running.ended).code).toBe(0);
});

it("tells systemd that it is ready, alive and stopping", async () => {
  const notify = fakeNotify();
  const { running } = await agent({ env: { ...notify.env, WATCHDOG_USEC: "300000" } });
  await ready(running);
  await until("a ping followed", () => notify.calls().some((call) => call.endsWith("WATCHDOG=1")));
  running.child.kill("SIGTERM");
  expect((await running.ended).code).toBe(0);
  const calls = notify.calls();
  expect(calls[0]).toBe(`--pid=${running.child.pid} --ready`);
  expect(calls).toContain(`--pid=${running.child.pid} STOPPING=1`);
});

it("stops with its relays safe and exits 2 when systemd cannot be told that it is ready", async () => {
  const notify = fakeNotify({ exit: 1 });
  const { running, board, state } = await agent({ env: notify.env });
  const { code, err } = await running.ended;
  expect(code).toBe(2);
  expect(err).toMatch(/^notify-failed: .*NotifyAccess=all/ms);
  expect(board.coils.get(3)).toBe(false);
  expect(existsSync(join(state, "agent.sock"))).toBe(false);
});
