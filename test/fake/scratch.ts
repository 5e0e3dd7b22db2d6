import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of the running test alone, removed when it ends. */
export function scratch(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `smart-mla-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
