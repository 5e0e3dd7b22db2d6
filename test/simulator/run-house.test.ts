import { mkdtempSync, rmSync } from "node:fs";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { p1Framer } from "../../drivers/meter/dsmr/p1-framer.ts";
import { p1Reading } from "../../drivers/meter/dsmr/p1-reading.ts";
import type { Reading } from "../../core/reading.ts";
import { startClockServer } from "../../simulator/clock/clock-server.ts";
import { runHouse } from "../../simulator/run-house.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-01-15T04:50:03Z");
interface Said {
  kind: string;
  p1Port: number;
  modbusPort: number;
  at: string;
  importWh: number;
  relays: Record<string, boolean>;
  constraints: { name: string }[];
}

async function clockServer() {
  const clock = await startClockServer({ startMs, stepMs: 10_000 });
  onTestFinished(() => clock.close());
  return clock;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "smart-mla-house-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** All readings from a P1 port, from now on. */
async function listenTo(port: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  const framer = p1Framer({
    frame: ({ bytes, checked }) =>
      readings.push(p1Reading(bytes, { meter: "g", zone: "CET", checked, receivedMs: 0, clockSynced: true })),
    rejected: ({ message }) => expect.unreachable(message),
  });
  const socket = connect(port, "127.0.0.1").on("data", (chunk) => framer.push(chunk));
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await until("the P1 port has answered", () => !socket.connecting);
  return readings;
}

it("sends a telegram each ten seconds on round times, and reports each hour and deadline", async () => {
  const clock = await clockServer();
  const stopping = new AbortController();
  const said: Said[] = [];
  const log = silentLog();
  const running = runHouse({
    name: "h1",
    seed: 1,
    clockUrl: clock.url,
    log,
    signal: stopping.signal,
    say: (line) => said.push(JSON.parse(line) as Said),
  });
  await until("the house is ready", () => said.length === 1);
  const readings = await listenTo(said[0]?.p1Port ?? 0);
  await clock.advanceUntil(Date.parse("2026-01-15T06:00:30Z"));
  await until("the last telegram came", () => readings.at(-1)?.meterMs === Date.parse("2026-01-15T06:00:30Z"));
  const times = readings.map((reading) => reading.meterMs ?? 0);
  expect(times.length).toBeGreaterThan(400);
  for (const [at, ms] of times.entries()) if (at > 0) expect(ms - (times[at - 1] ?? 0)).toBe(10_000);
  expect(said.map(({ kind, at }) => [kind, at])).toEqual([
    ["ready", undefined],
    ["house", "2026-01-15T05:00:00.000Z"],
    ["house", "2026-01-15T05:30:00.000Z"],
    ["house", "2026-01-15T06:00:00.000Z"],
  ]);
  expect(said[3]?.constraints.map(({ name }) => name)).toEqual(["tank-hot", "room-warm"]);
  stopping.abort();
  await running;
  expect(log.lines).toEqual([]);
});

it("goes on after kill -9 without its counters falling behind any telegram sent", { timeout: 30_000 }, async () => {
  const clock = await clockServer();
  const stateFile = join(folder(), "house.json");
  const code = `
    process.stdin.resume().once("end", () => process.exit(1));
    const { runHouse } = await import(${JSON.stringify(join(import.meta.dirname, "../../simulator/run-house.ts"))});
    const quiet = () => undefined;
    await runHouse({ name: "h2", seed: 2, clockUrl: ${JSON.stringify(clock.url)}, stateFile: ${JSON.stringify(stateFile)},
      log: { debug: quiet, info: quiet, warn: quiet, error: console.error }, signal: new AbortController().signal, say: console.log });`;
  const start = async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const lines: Said[] = [];
    createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line) as Said));
    await until("the house is ready", () => lines.length > 0, 20_000);
    const readings = await listenTo(lines[0]?.p1Port ?? 0);
    clock.resume();
    await until("some telegrams came", () => readings.length >= 60, 20_000);
    return { child, readings };
  };
  const first = await start();
  first.child.kill("SIGKILL");
  await until("the clock server noticed", () => clock.clients().length === 0);
  clock.pause();
  const before = first.readings.at(-1);
  const second = await start();
  const after = second.readings[0];
  expect(after?.meterMs).toBeGreaterThan(before?.meterMs ?? Infinity);
  expect(after?.importWh).toBeGreaterThanOrEqual(before?.importWh ?? Infinity);
  // Base load of some hundred watts for the minutes between, not a new meter's counter.
  const hours = ((after?.meterMs ?? 0) - (before?.meterMs ?? 0)) / 3_600_000;
  expect((after?.importWh ?? 0) - (before?.importWh ?? 0)).toBeLessThan(3_000 * hours + 10);
});
