import { z } from "zod";
import { replay, type ReplayLine } from "../agent/replay/replay.ts";
import { TraceEvent } from "../agent/replay/trace-event.ts";
import { AppError, errorMessage } from "../core/app-error.ts";
import { exitCode } from "./exit-code.ts";
import { readInput } from "./read-input.ts";

/** A trace of some weeks. */
const mostBytes = 64 * 1024 * 1024;

/** `smart-mla guard replay TRACE.jsonl`: one line for each event of the trace. */
export async function guardReplay(file: string, options: { json?: true }, say: (line: string) => void): Promise<number> {
  for (const line of replay(await readTrace(file)))
    say(options.json || !process.stdout.isTTY ? JSON.stringify(line) : forPeople(line));
  return exitCode.good;
}

function forPeople({ at, limitW, commands, reasons }: ReplayLine): string {
  const states = commands.map(({ resource, on }) => `${resource} ${on ? "on" : "off"}`).join(", ");
  return `${at} s  limit ${limitW === null ? "none" : `${limitW} W`}  ${states}\n    ${reasons.join("\n    ")}`;
}

/** @throws AppError input-unreadable; trace-bad-line with file and line */
async function readTrace(file: string): Promise<TraceEvent[]> {
  const text = (await readInput(file, mostBytes)).toString("utf8");
  const bad = (line: number, why: string): AppError => new AppError("trace-bad-line", `${file}:${line} ${why}`);
  const read = text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw bad(index + 1, `is not JSON: ${errorMessage(error)}`);
    }
    const event = TraceEvent.safeParse(value);
    if (!event.success)
      throw bad(index + 1, `is no event of a trace: ${z.prettifyError(event.error).replaceAll(/\s*\n\s*/g, " ")}`);
    return [{ line: index + 1, event: event.data }];
  });
  const listed = new Set(
    read.flatMap(({ event }) => (event.kind === "config" ? (event.appliances ?? []) : [])).map(({ resource }) => resource),
  );
  for (const { line, event } of read)
    // A trace without any appliance is one of limits alone.
    if ("resource" in event && listed.size > 0 && !listed.has(event.resource))
      throw bad(
        line,
        `is for "${event.resource}", which no config of the trace lists (have: ${[...listed].join(", ")}); correct the name or add it to the appliances`,
      );
  return read.map(({ event }) => event);
}
