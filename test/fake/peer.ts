import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Path of a program that a test needs as its peer, found on PATH; undefined where it is missing, so that the test can
 * skip by name. With REQUIRE_PEERS=1 a missing peer is a failure instead.
 */
export function peer(command: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders.filter((part) => part !== "")) {
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here: look in the next folder.
    }
  }
  if (process.env["REQUIRE_PEERS"] === "1")
    throw new Error(`${command} is not on PATH and REQUIRE_PEERS=1 forbids to skip; install it`);
  return undefined;
}
