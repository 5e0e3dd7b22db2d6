import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

/** Files that run when a program starts, and packages that they load: all but what is imported later, or as a type. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const [files, packages] = [new Set<string>(), new Set<string>()];
  const load = (file: string): void => {
    if (files.has(file) || !file.endsWith(".ts")) return;
    files.add(file);
    const wanted = [...readFileSync(file, "utf8").matchAll(/^(?:import(?! type)|export)[^;]*?from "([^"]+)"/gm)];
    for (const [statement, target = ""] of wanted) {
      // Only types: erased before it runs.
      if (/^import \{(\s*type \w+,?)+\s*\}/.test(statement)) continue;
      if (target.startsWith(".")) load(normalize(join(dirname(file), target)));
      else packages.add(target);
    }
  };
  load(entry);
  return { files, packages };
}

it("starts the agent without ethers and what settlement needs: they are loaded when there is something to settle", () => {
  const { files, packages } = loadedBy("agent/main.ts");
  expect(files).toContain("agent/settle/settler.ts");
  expect([...packages].filter((name) => /^(ethers|@openzeppelin|hono|@hono)\b/.test(name))).toEqual([]);
  expect(files).not.toContain("agent/settle/chain-chores.ts");
});
