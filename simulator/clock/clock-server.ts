import { createServer, type AddressInfo, type Socket } from "node:net";
import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";

/** A running clock server; see core/clock/simulated-clock.ts for the protocol. */
export interface ClockServer {
  /** Where clients find it, such as tcp://127.0.0.1:40123 or unix:/tmp/clock.sock. */
  url: string;
  /** The simulated instant of the latest step, ms. */
  now(): number;
  /** Lets time run until an instant and resolves when it is reached. Rejects with the signal's reason. */
  advanceUntil(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets time run on by itself. */
  resume(): void;
  /** Takes resume() back; time stops after the step that is under way. */
  pause(): void;
  /** Names of the clients that are connected now. */
  clients(): string[];
  /** Holds time still until all these names are connected, as after the restart of a process. */
  expect(names: string[]): void;
  /** Hears the name of each client whose connection ended. */
  onGone(listener: (name: string) => void): void;
  close(): Promise<void>;
}

interface Waiter {
  untilMs: number;
  resolve: () => void;
  reject: (reason: Error) => void;
}

interface Client {
  name: string | null;
  socket: Socket;
  /** The step that it still has to acknowledge. */
  waitingFor: number | null;
}

const Said = z.union([z.object({ name: z.string().min(1) }), z.object({ ack: z.number() })]);

/** At most this much simulated time in one step, so no lease or timeout is jumped over. */
const maxStepMs = 10_000;

/**
 * Gives simulated time to processes on this machine, in steps; each step waits until every live client has acknowledged
 * the one before, so a slow machine only makes the simulation slow. A client whose connection ends is no longer waited
 * for; one that joins gets the present time at once.
 * @param options.maxRate upper bound of simulated ms per wall ms; default none
 * @param options.expect time stands still until these names have joined
 */
export async function startClockServer(options: {
  startMs: number;
  stepMs: number;
  maxRate?: number;
  expect?: string[];
  /** Listens on a Unix socket instead of a port of 127.0.0.1; only its owner may then steer the time. */
  socketFile?: string;
}): Promise<ClockServer> {
  const { startMs, stepMs, maxRate } = options;
  if (!(stepMs > 0 && stepMs <= maxStepMs))
    throw new AppError("simulation-bad-step", `a step of ${stepMs} ms; it must be above 0 and at most ${maxStepMs}`);
  let nowMs = startMs;
  let running = false;
  let closed = false;
  const missing = new Set(options.expect ?? []);
  const clients = new Set<Client>();
  const waiters = new Set<Waiter>();
  const goneListeners: ((name: string) => void)[] = [];
  /** Wakes the loop; replaced at each sleep. */
  let wake = (): void => undefined;

  const send = (client: Client): void => {
    client.waitingFor = nowMs;
    client.socket.write(`{"t":${nowMs}}\n`);
  };

  const hear = (client: Client, line: string): void => {
    const said = Said.parse(JSON.parse(line));
    if ("ack" in said) {
      if (said.ack === client.waitingFor) client.waitingFor = null;
    } else {
      client.name = said.name;
      missing.delete(said.name);
      send(client);
    }
    wake();
  };

  const server = createServer({ noDelay: true }, (socket) => {
    const client: Client = { name: null, socket, waitingFor: null };
    clients.add(client);
    let kept = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = (kept + text).split("\n");
      kept = lines.pop() ?? "";
      try {
        for (const line of lines) hear(client, line);
      } catch {
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clients.delete(client);
      const { name } = client;
      if (name !== null && !closed) for (const listener of goneListeners) listener(name);
      wake();
    });
  });

  const mayStep = (): boolean => {
    if (missing.size > 0 || (!running && waiters.size === 0)) return false;
    for (const client of clients) if (client.waitingFor !== null) return false;
    return true;
  };

  const step = async (): Promise<void> => {
    const fromMs = nowMs;
    const startedMs = performance.now();
    let toMs = nowMs + stepMs;
    for (const waiter of waiters) toMs = Math.min(toMs, waiter.untilMs);
    nowMs = toMs;
    for (const client of clients) if (client.name !== null) send(client);
    await settled();
    if (maxRate === undefined) return;
    const restMs = (toMs - fromMs) / maxRate - (performance.now() - startedMs);
    if (restMs > 1) await delay(restMs);
  };

  /** Resolves when all live clients have acknowledged. */
  const settled = async (): Promise<void> => {
    // Without clients nothing else yields to the event loop.
    if (clients.size === 0) await turn();
    while (!closed && [...clients].some((client) => client.waitingFor !== null)) await sleep();
  };

  const sleep = (): Promise<void> => new Promise<void>((resolve) => (wake = resolve));

  const loop = async (): Promise<void> => {
    while (!closed) {
      if (!mayStep()) {
        await sleep();
        continue;
      }
      await step();
      const reached = [...waiters].filter((waiter) => nowMs >= waiter.untilMs);
      for (const waiter of reached) {
        waiters.delete(waiter);
        waiter.resolve();
      }
      // Whoever waited goes on before time does.
      if (reached.length > 0) await turn();
    }
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (options.socketFile === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(options.socketFile, resolve);
  });
  const looping = loop();
  return {
    url:
      options.socketFile === undefined
        ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix:${encodeURI(options.socketFile)}`,
    now: () => nowMs,
    async advanceUntil(ms, signal) {
      signal?.throwIfAborted();
      if (ms <= nowMs) return;
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { untilMs: ms, resolve, reject };
        waiters.add(waiter);
        signal?.addEventListener(
          "abort",
          () => {
            if (waiters.delete(waiter)) reject(signal.reason as Error);
          },
          { once: true },
        );
        wake();
      });
    },
    resume() {
      running = true;
      wake();
    },
    pause: () => void (running = false),
    clients: () => [...clients].flatMap(({ name }) => name ?? []),
    expect(names) {
      const present = new Set([...clients].map(({ name }) => name));
      for (const name of names) if (!present.has(name)) missing.add(name);
    },
    onGone: (listener) => void goneListeners.push(listener),
    async close() {
      closed = true;
      wake();
      for (const waiter of waiters)
        waiter.reject(new AppError("simulation-closed", "the clock server was closed before that instant"));
      for (const client of clients) client.socket.destroy();
      await Promise.all([looping, new Promise((resolve) => server.close(resolve))]);
    },
  };
}
