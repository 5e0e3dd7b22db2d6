import { connect, type NetConnectOpts, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AppError } from "../app-error.ts";
import type { Clock } from "./clock.ts";
import { heldWork } from "./held-work.ts";
import { ScheduleQueue } from "./schedule-queue.ts";

/** What the clock server sends, one JSON object a line: the simulated instant up to which time now runs. */
export const ClockStep = z.object({ t: z.int() });

/** Wall time between two tries to reach the server. */
const retryMs = 200;

/**
 * Time from a clock server on this machine: `unix:/path/of/socket` or `tcp://127.0.0.1:PORT`.
 * Protocol, one JSON object a line: we say {"name"}, the server says {"t"} (ms, at most 10 s on),
 * we run all that is due until then, wait for held work and say {"ack": t}.
 * Without the server time stands still and we try again, so a guard never sees a jump.
 * @throws AppError simulation-not-loopback when the address is not on this machine
 */
export async function simulatedClock(options: {
  clockUrl: string;
  name: string;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}): Promise<Clock> {
  const address = addressOf(options.clockUrl);
  let nowMs: number | null = null;
  let isBetween = true;
  const queue = new ScheduleQueue(options.onError);
  const held = heldWork();
  const firstStep = Promise.withResolvers<void>();

  const step = async (toMs: number, socket: Socket): Promise<void> => {
    isBetween &&= nowMs === toMs;
    if (nowMs === null) {
      nowMs = toMs;
      firstStep.resolve();
    }
    if (toMs > nowMs) {
      await queue.runUntil(toMs, (atMs) => (nowMs = Math.max(nowMs ?? atMs, atMs)));
      nowMs = toMs;
    }
    await held.settled();
    isBetween = true;
    socket.write(`${JSON.stringify({ ack: toMs })}\n`);
  };
  const join = (): void => {
    if (options.signal.aborted) return;
    const socket = connect(address);
    const leave = (): void => void socket.destroy();
    options.signal.addEventListener("abort", leave, { once: true });
    socket.once("connect", () => socket.write(`${JSON.stringify({ name: options.name })}\n`));
    let steps = Promise.resolve();
    createInterface(socket).on("line", (line) => {
      steps = steps.then(() => step(ClockStep.parse(JSON.parse(line)).t, socket)).catch(options.onError);
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      options.signal.removeEventListener("abort", leave);
      if (!options.signal.aborted) setTimeout(join, retryMs).unref();
    });
  };
  options.signal.addEventListener("abort", () => firstStep.resolve(), { once: true });
  join();
  await firstStep.promise;
  const now = (): number => nowMs ?? 0;
  return {
    now,
    // What comes between two steps is later than all that was done at the end of the first.
    monotonicMs: () => now() + (isBetween && nowMs !== null ? 1 : 0),
    synced: () => true,
    after: (delayMs, job, signal) => queue.add(now() + delayMs, null, job, signal),
    every: (periodMs, job, signal) => queue.add(now() + periodMs, periodMs, job, signal),
    hold: held.hold,
  };
}

/** A clock is on this machine or it is none: a socket file, or a port of 127.0.0.1. */
function addressOf(clockUrl: string): NetConnectOpts {
  const { protocol, hostname, port, pathname } = new URL(clockUrl);
  if (protocol === "unix:" && hostname === "" && pathname.startsWith("/")) return { path: decodeURIComponent(pathname) };
  if (protocol === "tcp:" && hostname === "127.0.0.1") return { host: hostname, port: Number(port), noDelay: true };
  throw new AppError("simulation-not-loopback", `clock ${clockUrl} must be unix:/path/of/socket or tcp://127.0.0.1:PORT`);
}
