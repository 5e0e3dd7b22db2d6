import { readFileSync } from "node:fs";

/** Version of the package: its package.json stands a folder above this file, and above the built one, installed or not. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version?: string };
  return version ?? "unknown";
}
