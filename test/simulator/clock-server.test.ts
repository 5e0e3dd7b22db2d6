import { connect } from "node:net";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../core/app-error.ts";
import { simulatedClock } from "../../core/clock/simulated-clock.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { startClockServer } from "../../simulator/clock/clock-server.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-01-14T17:00:00Z");
type Options = Partial<Parameters<typeof startClockServer>[0]>;

async function server(options: Options = {}) {
  const started = await startClockServer({ startMs, stepMs: 10_000, ...options });
  onTestFinished(() => started.close());
  return started;
}

async function client(clockUrl: string, name: string): Promise<{ clock: Clock; stop: () => void; signal: AbortSignal }> {
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const onError = (error: unknown): void => void expect.unreachable(String(error));
  const clock = await simulatedClock({ clockUrl, name, onError, signal: stopping.signal });
  return { clock, stop: () => stopping.abort(), signal: stopping.signal };
}

/** A client that answers nothing by itself. */
function rawClient(url: string, name: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const steps: number[] = [];
  createInterface(socket).on("line", (line) => steps.push((JSON.parse(line) as { t: number }).t));
  socket.write(`${JSON.stringify({ name })}\n`);
  return { socket, steps, ack: (t: number) => socket.write(`${JSON.stringify({ ack: t })}\n`) };
}

it("runs all clients in lock-step, and their work within each step", async () => {
  const clock = await server();
  const log: string[] = [];
  for (const name of ["a", "b"]) {
    const { clock: own, signal } = await client(clock.url, name);
    own.every(
      4_000,
      () => {
        log.push(`${name}${(own.now() - startMs) / 1000}`);
        void own.hold(new Promise((resolve) => setTimeout(resolve, 3)));
      },
      signal,
    );
  }
  await clock.advanceUntil(startMs + 20_000);
  expect(log.filter((entry) => entry.startsWith("a"))).toEqual(["a4", "a8", "a12", "a16", "a20"]);
  const lateA = log.findIndex((entry) => entry === "a12");
  expect(log.indexOf("b8")).toBeLessThan(lateA);
});

it("takes no step before every live client has acknowledged the one before", async () => {
  const clock = await server();
  const slow = rawClient(clock.url, "slow");
  await until("it joined", () => slow.steps.length === 1);
  const advancing = clock.advanceUntil(startMs + 20_000);
  await client(clock.url, "quick");
  expect(slow.steps).toEqual([startMs]);
  slow.ack(startMs);
  await until("the first step came", () => slow.steps.length === 2);
  slow.ack(startMs + 5);
  await client(clock.url, "joins meanwhile");
  expect(slow.steps).toHaveLength(2);
  slow.ack(startMs + 10_000);
  await until("the second step came", () => slow.steps.length === 3);
  expect(slow.steps.at(-1)).toBe(startMs + 20_000);
  slow.ack(startMs + 20_000);
  await advancing;
});

it("drops a client whose connection ends and says who", async () => {
  const clock = await server();
  const gone: string[] = [];
  clock.onGone((name) => gone.push(name));
  const dead = rawClient(clock.url, "dead");
  await until("it joined", () => dead.steps.length === 1);
  const advancing = clock.advanceUntil(startMs + 60_000);
  dead.socket.destroy();
  await advancing;
  expect(gone).toEqual(["dead"]);
});

it("gives a late client the present time at once", async () => {
  const clock = await server();
  await clock.advanceUntil(startMs + 123_000);
  const late = await client(clock.url, "late");
  expect(late.clock.now()).toBe(startMs + 123_000);
});

it("stands still until the expected clients have joined, at first and again on demand", async () => {
  const clock = await server({ expect: ["a", "b"] });
  const advancing = clock.advanceUntil(startMs + 10_000);
  await client(clock.url, "a");
  expect(clock.now()).toBe(startMs);
  const b = await client(clock.url, "b");
  await advancing;
  b.stop();
  await until("b is gone", () => !clock.clients().includes("b"));
  clock.expect(["b"]);
  const again = clock.advanceUntil(startMs + 20_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.now()).toBe(startMs + 10_000);
  await client(clock.url, "b");
  await again;
});

it("hits each awaited instant exactly, whatever the step", async () => {
  const clock = await server();
  const first = clock.advanceUntil(startMs + 3_500).then(() => clock.now());
  const second = clock.advanceUntil(startMs + 17_001).then(() => clock.now());
  expect(await Promise.all([first, second])).toEqual([startMs + 3_500, startMs + 17_001]);
});

it("runs on by itself until paused", async () => {
  const clock = await server();
  clock.resume();
  await until("an hour has passed", () => clock.now() > startMs + 3_600_000);
  clock.pause();
  await new Promise((resolve) => setImmediate(resolve));
  const at = clock.now();
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.now()).toBe(at);
});

it("gives up waiting when told to", async () => {
  const clock = await server({ expect: ["nobody"] });
  const stopping = new AbortController();
  const advancing = clock.advanceUntil(startMs + 1, stopping.signal);
  stopping.abort(new Error("enough"));
  await expect(advancing).rejects.toThrow("enough");
});

it("tells those who wait when it is closed", async () => {
  const clock = await server({ expect: ["nobody"] });
  const advancing = clock.advanceUntil(startMs + 1).then(() => "reached", errorCode);
  await clock.close();
  expect(await advancing).toBe("simulation-closed");
});

it("goes no faster than asked", async () => {
  const clock = await server({ maxRate: 1000 });
  const began = performance.now();
  await clock.advanceUntil(startMs + 100_000);
  expect(performance.now() - began).toBeGreaterThanOrEqual(90);
});

it("drops a client that talks nonsense", async () => {
  const clock = await server();
  const bad = rawClient(clock.url, "bad");
  await until("it joined", () => bad.steps.length === 1);
  bad.socket.write("hello\n");
  await clock.advanceUntil(startMs + 10_000);
  expect(clock.clients()).toEqual([]);
});

it.each([0, -1, 10_001])("refuses a step of %s ms", async (stepMs) => {
  expect(await server({ stepMs }).then(() => "started", errorCode)).toBe("simulation-bad-step");
});
