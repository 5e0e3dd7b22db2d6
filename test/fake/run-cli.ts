import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** cli/main.ts of this checkout. */
export const cliEntry = join(import.meta.dirname, "../../cli/main.ts");

export interface CliOptions {
  env?: Record<string, string>;
  /** Program to run instead of node with cli/main.ts. */
  command?: readonly string[];
  cwd?: string;
  stdin?: "pipe" | "ignore";
}

export interface CliResult {
  code: number | null;
  out: string;
  err: string;
}

/** A running command. */
export interface RunningCli {
  child: ChildProcess;
  /** Lines of stdout so far. */
  lines: string[];
  err(): string;
  ended: Promise<CliResult>;
}

/** Starts the command in a process of its own. The test must end it. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const [program = process.execPath, ...before] = options.command ?? [process.execPath, cliEntry];
  const child = spawn(program, [...before, ...args], {
    stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.cwd && { cwd: options.cwd }),
  });
  const lines: string[] = [];
  let err = "";
  createInterface(child.stdout ?? process.stdin).on("line", (line) => lines.push(line));
  child.stderr?.on("data", (bytes: Buffer) => (err += bytes.toString("utf8")));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out: lines.join("\n"), err }));
  });
  return { child, lines, err: () => err, ended };
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}
