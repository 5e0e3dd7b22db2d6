import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A system call of a recorded process that matters for what is on its disk. `failed` ones did nothing that can be relied on. */
export type Call =
  | { call: "open"; path: string; fd: number; empties: boolean }
  | { call: "close"; fd: number }
  /** At null: where the last one ended. */
  | { call: "write"; fd: number; at: number | null; bytes: Buffer }
  | { call: "truncate"; fd: number; length: number }
  | { call: "sync"; fd: number; failed: boolean }
  | { call: "unlink"; path: string }
  | { call: "rename"; from: string; to: string };

const traced =
  "openat,open,creat,close,write,pwrite64,pwritev,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2";

/**
 * Runs a program under strace until it ends; gives what its main thread did to files, in order, and how often it was made
 * to fail.
 * @param options.inject more of strace's arguments, such as ["-e", "inject=fsync:error=EIO:when=5+7"]
 */
export async function recordCalls(options: {
  strace: string;
  command: readonly string[];
  folder: string;
  inject?: readonly string[];
}): Promise<{ calls: Call[]; injected: number }> {
  const prefix = join(options.folder, "calls");
  const args = ["-ff", "-xx", "-s", "1000000", "-e", `trace=${traced}`, ...(options.inject ?? []), "-o", prefix];
  const child = spawn(options.strace, [...args, ...options.command], { stdio: ["ignore", "ignore", "inherit"] });
  await once(child, "exit");
  // One file for each thread; the first thread of the process has the lowest number.
  const threads = readdirSync(options.folder).filter((name) => name.startsWith("calls."));
  const [main = ""] = threads.toSorted((one, other) => Number(one.split(".")[1]) - Number(other.split(".")[1]));
  const text = readFileSync(join(options.folder, main), "latin1");
  return { calls: parseCalls(text), injected: text.split("(INJECTED)").length - 1 };
}

function parseCalls(text: string): Call[] {
  const calls: Call[] = [];
  for (const line of text.split("\n")) {
    const found = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(line);
    if (!found) continue;
    const [, name = "", args = "", result = ""] = found;
    const call = callOf(name, args.split(", "), Number(result));
    if (call) calls.push(call);
  }
  return calls;
}

function callOf(name: string, args: readonly string[], result: number): Call | undefined {
  const [first = "", second = "", third = "", fourth = ""] = args;
  const fd = Number(first);
  if (name === "fsync" || name === "fdatasync") return { call: "sync", fd, failed: result < 0 };
  if (result < 0) return undefined;
  switch (name) {
    case "openat":
      return { call: "open", path: textOf(second), fd: result, empties: third.includes("O_TRUNC") };
    case "open":
      return { call: "open", path: textOf(first), fd: result, empties: second.includes("O_TRUNC") };
    case "close":
      return { call: "close", fd };
    case "write":
      return { call: "write", fd, at: null, bytes: bytesOf(second).subarray(0, result) };
    case "pwrite64":
      return { call: "write", fd, at: Number(fourth), bytes: bytesOf(second).subarray(0, result) };
    case "ftruncate":
      return { call: "truncate", fd, length: Number(second) };
    case "unlink":
      return { call: "unlink", path: textOf(first) };
    case "unlinkat":
      return { call: "unlink", path: textOf(second) };
    case "rename":
      return { call: "rename", from: textOf(first), to: textOf(second) };
    case "renameat":
    case "renameat2":
      return { call: "rename", from: textOf(second), to: textOf(fourth) };
    default:
      // One that is not understood must not go unseen.
      throw new Error(`the recorded process used ${name}, which is not replayed`);
  }
}

const bytesOf = (quoted: string): Buffer => Buffer.from(quoted.replace(/^"|"(\.\.\.)?$/g, "").replaceAll("\\x", ""), "hex");
const textOf = (quoted: string): string => bytesOf(quoted).toString("utf8");
