import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../core/app-error.ts";

/** What systemd is on a gateway: starts programs, restarts those that die, and stops them all. */
export interface Supervisor {
  /** Starts a verb of this same command in a process group of its own; resolves with its first JSON line. */
  start(program: Program): Promise<Record<string, unknown>>;
  /** Process ids by name, of what runs now. */
  pids(): Map<string, number>;
  /** What died, and of what (a signal or an exit code). */
  restarts(): { name: string; by: string }[];
  /** Rejects with demo-program-died when one program has died so often in a short time that it will not come up. */
  hopeless: Promise<never>;
  stop(): Promise<void>;
}

/** What is started, and what is done with what it says. */
export interface Program {
  name: string;
  args: readonly string[];
  /** Verb that runs after every end of it, as ExecStopPost does. */
  afterwards?: readonly string[];
  /** Each JSON line that it prints on stdout. */
  onLine?: (line: Record<string, unknown>) => void;
}

const restartAfterMs = 500;
const readyWithinMs = 60_000;
const killAfterMs = 8000;
/** So many deaths of one program within so long, and it is not started again. */
const mostDeaths = 5;
const deathsWithinMs = 60_000;

/**
 * Children end when this process does, however it ends: their standard input closes.
 * @param options.cli path of cli/main.ts or of its built form
 * @param options.logFolder one log file per program
 */
export function supervisor(options: {
  cli: string;
  logFolder: string;
  cacheFolder: string;
  onDeath: (name: string, by: string) => void;
  onRestart: (name: string) => void;
}): Supervisor {
  const running = new Map<string, ChildProcess>();
  const restarts: { name: string; by: string }[] = [];
  const deaths = new Map<string, number[]>();
  const hopeless = Promise.withResolvers<never>();
  // Nobody may be listening yet, or any more.
  hopeless.promise.catch(() => undefined);
  let stopping = false;

  const launch = (program: Program, args: readonly string[]): ChildProcess => {
    const log = openSync(join(options.logFolder, `${program.name}.log`), "a");
    const child = spawn(process.execPath, [...process.execArgv, options.cli, ...args], {
      // A group of its own: Ctrl-C reaches only us, and what a child leaves behind can be ended with it.
      detached: true,
      stdio: ["pipe", "pipe", log],
      // Compiled once, not once per program.
      env: { ...process.env, SMART_MLA_PARENT: "stdin", NODE_COMPILE_CACHE: options.cacheFolder },
    });
    closeSync(log);
    child.stdin?.on("error", () => undefined);
    return child;
  };
  const endGroup = (child: ChildProcess): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nothing is left of the group.
    }
  };
  const run = (program: Program): Promise<Record<string, unknown>> => {
    const child = launch(program, program.args);
    running.set(program.name, child);
    const ready = Promise.withResolvers<Record<string, unknown>>();
    if (child.stdout)
      createInterface(child.stdout).on("line", (text) => {
        const line = parse(text);
        if (!line) return;
        if (line["kind"] === "ready") ready.resolve(line);
        program.onLine?.(line);
      });
    child.once("exit", (code, by) => {
      endGroup(child);
      running.delete(program.name);
      const why = by ?? `exit code ${code}`;
      ready.reject(
        new AppError("demo-program-died", `${program.name} ended (${why}) before it was ready; see ${program.name}.log`),
      );
      if (!stopping) void revive(program, why);
    });
    child.once("error", (error) => ready.reject(error));
    return ready.promise;
  };
  const revive = async (program: Program, by: string): Promise<void> => {
    options.onDeath(program.name, by);
    const recent = (deaths.get(program.name) ?? []).filter((atMs) => performance.now() - atMs < deathsWithinMs);
    deaths.set(program.name, [...recent, performance.now()]);
    if (recent.length + 1 >= mostDeaths) {
      hopeless.reject(
        new AppError(
          "demo-program-died",
          `${program.name} died ${mostDeaths} times in a minute (${by}); see ${program.name}.log`,
        ),
      );
      return;
    }
    restarts.push({ name: program.name, by });
    if (program.afterwards) await finished(launch(program, program.afterwards));
    await delay(restartAfterMs);
    if (stopping) return;
    await run(program).then(
      () => options.onRestart(program.name),
      () => undefined,
    );
  };
  return {
    async start(program) {
      const late = new AbortController();
      try {
        return await Promise.race([
          run(program),
          delay(readyWithinMs, undefined, { signal: late.signal }).then(() => {
            throw new AppError(
              "demo-program-silent",
              `${program.name} was not ready within ${readyWithinMs / 1000} s; see ${program.name}.log`,
            );
          }),
        ]);
      } finally {
        late.abort();
      }
    },
    pids: () => new Map([...running].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid] as const]))),
    restarts: () => [...restarts],
    hopeless: hopeless.promise,
    async stop() {
      stopping = true;
      const children = [...running.values()];
      for (const child of children) child.kill("SIGTERM");
      const ended = Promise.all(children.map(finished));
      const patience = new AbortController();
      await Promise.race([ended, delay(killAfterMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
      patience.abort();
      for (const child of children) endGroup(child);
      await ended;
    },
  };
}

function finished(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
