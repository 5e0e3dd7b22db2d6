import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

/** Which folders each folder may import; simulator/chain and simulator/fleet may also import settlement. */
const arrows: Record<string, readonly string[]> = {
  core: [],
  planner: ["core"],
  settlement: ["core"],
  drivers: ["core"],
  agent: ["core", "planner", "settlement", "drivers"],
  aggregator: ["core", "planner", "settlement"],
  market: ["core", "planner", "settlement"],
  simulator: ["core"],
  "simulator/chain": ["core", "settlement"],
  "simulator/fleet": ["core", "settlement"],
  cli: ["core", "planner", "settlement", "drivers", "agent", "aggregator", "market", "simulator"],
};
const packagesOfCore = new Set(["zod", "jose", "temporal-polyfill"]);

const files = globSync(Object.keys(arrows).map((folder) => `${folder}/**/*.ts`));
const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].flatMap(([, target]) => target ?? []);
const folderOf = (file: string): string => {
  const [top = "", second = ""] = file.split("/");
  return `${top}/${second}` in arrows ? `${top}/${second}` : top;
};

it("finds the rooms", () => expect(new Set(files.map(folderOf)).size).toBeGreaterThanOrEqual(8));

it.each(files)("%s imports only what its folder may", (file) => {
  const folder = folderOf(file);
  const top = folder.split("/")[0] ?? "";
  const foreign = importsOf(file)
    .filter((target) => target.startsWith("."))
    .map((target) => normalize(join(dirname(file), target)).split("/")[0] ?? "")
    .filter((target) => target !== top && !arrows[folder]?.includes(target));
  expect(foreign).toEqual([]);
});

it.each(files.filter((file) => folderOf(file) === "core"))("%s imports only the packages of core", (file) => {
  const packages = importsOf(file).filter((target) => !target.startsWith(".") && !target.startsWith("node:"));
  expect(packages.filter((name) => !packagesOfCore.has(name))).toEqual([]);
});

/** What a file loads at once, itself included. */
function loadedBy(start: string): Set<string> {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const wanted = [...readFileSync(file, "utf8").matchAll(/^(?:import(?! type)|export)[^;]*?from "(\.[^"]+)"/gm)];
    for (const [, target = ""] of wanted) load(normalize(join(dirname(file), target)));
  };
  load(start);
  return loaded;
}

it("starts the helper that runs after a crash without loading the agent", () => {
  const loaded = loadedBy("cli/relay-failsafe.ts");
  expect(loaded).toContain("agent/safe-state.ts");
  expect(loaded).not.toContain("agent/main.ts");
});

it("keeps the mathematics of blobs away from the agent, and from all others until they need it", () => {
  const loaded = loadedBy("settlement/chain/chain-client.ts");
  expect(loaded).toContain("settlement/chain/transactor.ts");
  expect(loaded).not.toContain("settlement/log/kzg.ts");
  const agent = files.filter((file) => folderOf(file) === "agent").flatMap(importsOf);
  expect(agent.filter((target) => target.endsWith("/kzg.ts"))).toEqual([]);
});

it("has no file with two jobs hidden in it", () => {
  const long = files.filter((file) => readFileSync(file, "utf8").split("\n").length > 400);
  expect(long).toEqual([]);
});
