import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { simulatedClock } from "../../../core/clock/simulated-clock.ts";
import { startClockServer } from "../../../simulator/clock/clock-server.ts";
import { until } from "../../fake/until.ts";

const startMs = Date.parse("2026-02-01T17:00:00Z");

async function started() {
  const server = await startClockServer({ startMs, stepMs: 10_000 });
  onTestFinished(() => server.close());
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const errors: unknown[] = [];
  const clock = await simulatedClock({
    clockUrl: server.url,
    name: "gw",
    onError: (error) => errors.push(error),
    signal: ending.signal,
  });
  return { server, clock, errors, signal: ending.signal, ending };
}

it("begins at the server's instant and says so on both scales", async () => {
  const { clock } = await started();
  expect([clock.now(), clock.synced()]).toEqual([startMs, true]);
  expect([startMs, startMs + 1]).toContain(clock.monotonicMs());
});

it("has what comes between two steps later than what was done at the end of the first", async () => {
  const { server, clock, signal } = await started();
  const jobs: number[] = [];
  clock.every(10_000, () => void jobs.push(clock.monotonicMs() - startMs), signal);
  for (let step = 1; step <= 3; step++) {
    await server.advanceUntil(startMs + step * 10_000);
    expect([clock.now() - startMs, clock.monotonicMs() - startMs]).toEqual([step * 10_000, step * 10_000 + 1]);
  }
  expect(jobs).toEqual([10_000, 20_000, 30_000]);
});

it("runs jobs at their own instants within a step", async () => {
  const { server, clock, signal } = await started();
  const at: number[] = [];
  clock.every(3000, () => void at.push(clock.now() - startMs), signal);
  clock.after(10_500, () => void at.push(clock.now() - startMs), signal);
  await server.advanceUntil(startMs + 12_000);
  expect(at).toEqual([3000, 6000, 9000, 10_500, 12_000]);
});

it("acknowledges a step only when the work it began is done", async () => {
  const { server, clock, signal } = await started();
  const order: string[] = [];
  clock.after(
    1000,
    () => void clock.hold(new Promise<void>((resolve) => setTimeout(() => (order.push("work done"), resolve()), 30))),
    signal,
  );
  await server.advanceUntil(startMs + 10_000).then(() => order.push("step over"));
  expect(order).toEqual(["work done", "step over"]);
});

it("acknowledges although work it held has failed", async () => {
  const { server, clock, signal } = await started();
  clock.after(1000, () => void clock.hold(Promise.reject(new Error("lost"))).catch(() => undefined), signal);
  await server.advanceUntil(startMs + 20_000);
  expect(clock.now()).toBe(startMs + 20_000);
});

it("hands on what jobs throw and goes on", async () => {
  const { server, clock, errors, signal } = await started();
  clock.every(
    5000,
    () => {
      throw new Error("broken");
    },
    signal,
  );
  await server.advanceUntil(startMs + 10_000);
  expect(errors.map(String)).toEqual(["Error: broken", "Error: broken"]);
});

it("stands still without its server and goes on without a jump when it is back", async () => {
  const { server, clock, signal } = await started();
  await server.advanceUntil(startMs + 10_000);
  const port = Number(new URL(server.url).port);
  await server.close();
  const steps: number[] = [];
  clock.every(10_000, () => void steps.push(clock.now() - startMs), signal);
  expect(clock.now()).toBe(startMs + 10_000);
  const { createServer } = await import("node:net");
  const spoken: string[] = [];
  const next = createServer((socket) => {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      spoken.push(text.trim());
      if (text.includes("name")) socket.write(`{"t":${startMs + 10_000}}\n{"t":${startMs + 20_000}}\n`);
    });
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => next.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void next.close());
  await until("both steps are acknowledged", () => spoken.join(" ").includes(String(startMs + 20_000)));
  expect(spoken[0]).toBe('{"name":"gw"}');
  expect([clock.now() - startMs, steps]).toEqual([20_000, [20_000]]);
});

it.each(["tcp://10.0.0.1:7000", "http://127.0.0.1:7000", "tcp://localhost:7000", "unix://host/clock.sock"])(
  "takes no clock but one on loopback: %s",
  async (clockUrl) => {
    const opening = simulatedClock({ clockUrl, name: "gw", onError: () => undefined, signal: AbortSignal.timeout(1000) });
    expect(await opening.then(() => "opened", errorCode)).toBe("simulation-not-loopback");
  },
);

it("gives up waiting for its server when told to", async () => {
  const ending = new AbortController();
  const opening = simulatedClock({ clockUrl: "tcp://127.0.0.1:9", name: "gw", onError: () => undefined, signal: ending.signal });
  ending.abort();
  expect((await opening).now()).toBe(0);
});
