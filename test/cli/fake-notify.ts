import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../fake/scratch.ts";

/** A systemd-notify that writes down its arguments, one call a line. */
export function fakeNotify({ exit = 0 } = {}): { env: Record<string, string>; calls(): string[] } {
  const folder = scratch("notify");
  const record = join(folder, "calls");
  writeFileSync(join(folder, "systemd-notify"), `#!/bin/sh\necho "$*" >> ${record}\nexit ${exit}\n`, { mode: 0o755 });
  return {
    env: { PATH: `${folder}:${process.env["PATH"]}`, NOTIFY_SOCKET: join(folder, "socket") },
    calls: () => (existsSync(record) ? readFileSync(record, "utf8").trim().split("\n") : []),
  };
}
