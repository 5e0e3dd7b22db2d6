import { userInfo } from "node:os";

/** Who sits at the command line, for the audit log: the user who became root by sudo, else the process's own. */
export function whoAsks(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return `cli ${(env["SUDO_USER"] ?? userName()).slice(0, 64)}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no name stands for.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
