import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { until } from "../fake/until.ts";

const Line = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open"), p1: z.int(), modbus: z.int() }),
  z.object({ kind: z.literal("write"), unit: z.int(), coil: z.int(), on: z.boolean(), atNs: z.coerce.bigint() }),
]);
/** One write as a board got it; instant on CLOCK_MONOTONIC, ns. */
export type CoilWrite = Omit<Extract<z.infer<typeof Line>, { kind: "write" }>, "kind">;

/** The house around the gateway, as a process in a network of its own, which a container may join. */
export interface Home {
  p1Port: number;
  modbusPort: number;
  /** Path of its network namespace. */
  network: string;
  /** All writes since the start, in order. */
  writes: readonly CoilWrite[];
  /** Contacts that are on now, as "unit/coil". */
  on(): string[];
  close(): Promise<void>;
}

/** @param boards how many relay boards of eight contacts it has. Needs root. */
export async function openHome(boards: number): Promise<Home> {
  const script = join(import.meta.dirname, "home-double.ts");
  const child = spawn(
    "unshare",
    ["-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", process.execPath, script, String(boards)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const writes: CoilWrite[] = [];
  const contacts = new Map<string, boolean>();
  let open: { p1: number; modbus: number } | undefined;
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = Line.parse(JSON.parse(text));
    if (line.kind === "open") open = line;
    else {
      writes.push(line);
      contacts.set(contactName(line), line.on);
    }
  });
  await until("the house is open", () => {
    if (child.exitCode !== null) throw new Error(`the house ended with ${child.exitCode}; is this root, and is iproute2 there?`);
    return open !== undefined;
  });
  return {
    p1Port: open?.p1 ?? 0,
    modbusPort: open?.modbus ?? 0,
    network: `/proc/${child.pid}/ns/net`,
    writes,
    on: () => [...contacts].filter(([, on]) => on).map(([name]) => name),
    async close() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

export const contactName = ({ unit, coil }: { unit: number; coil: number }): string => `${unit}/${coil}`;
