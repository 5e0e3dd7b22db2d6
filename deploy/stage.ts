import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * `node deploy/stage.ts FOLDER [PREFIX]`: lays out what a gateway needs to run, from a built checkout: bin/node,
 * bin/smart-mla, app/dist and the native packages with what they need. Nothing else of node_modules goes along.
 * PREFIX is where FOLDER will be on the gateway (default: FOLDER itself).
 */

/** Packages that the bundle leaves outside; the same list as in deploy/bundle-options.ts without what only the demo needs. */
const outside = ["better-sqlite3", "@serialport/bindings-cpp", "koffi", "highs"];

/** Of the bundle only what a gateway runs: 3 MB of mathematics are for whoever publishes blobs. */
const needless = new Set(["kzg-worker.js"]);

const [target, prefix = resolve(target ?? "")] = process.argv.slice(2);
if (target === undefined || !existsSync("dist/main.js")) {
  process.stderr.write("usage: npm run build && node deploy/stage.ts FOLDER [PREFIX], in the checkout\n");
  process.exit(2);
}
rmSync(join(target, "app"), { recursive: true, force: true });
mkdirSync(join(target, "bin"), { recursive: true });
mkdirSync(join(target, "app"), { recursive: true });
for (const file of (JSON.parse(readFileSync("dist/files.json", "utf8")) as string[]).filter((one) => !needless.has(one)))
  cpSync(join("dist", file), join(target, "app", "dist", file));
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
writeFileSync(join(target, "app", "package.json"), JSON.stringify({ type: "module", version }));
for (const name of closure(outside))
  cpSync(join("node_modules", name), join(target, "app", "node_modules", name), { recursive: true, filter: needed });
rmSync(join(target, "bin", "node"), { force: true });
cpSync(process.execPath, join(target, "bin", "node"), { dereference: true });
const command = join(target, "bin", "smart-mla");
// A young generation of 1 MB costs nothing at one telegram a second and saves about 10 MB of 110. glibc gives each of
// Node's threads a heap of its own, which holds 1 to 13 MB by chance; one for all keeps it lower and closer together.
const options = "--max-semi-space-size=1";
writeFileSync(
  command,
  `#!/bin/sh\nexport MALLOC_ARENA_MAX=1\nexec ${prefix}/bin/node ${options} ${prefix}/app/dist/main.js "$@"\n`,
);
chmodSync(command, 0o755);

/** Packages and all that they depend on. */
function closure(names: readonly string[]): Set<string> {
  const all = new Set<string>();
  const add = (name: string): void => {
    const file = join("node_modules", name, "package.json");
    if (all.has(name) || !existsSync(file)) return;
    all.add(name);
    const { dependencies = {} } = JSON.parse(readFileSync(file, "utf8")) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(dependencies)) add(dependency);
  };
  for (const name of names) add(name);
  return all;
}

/** Leaves out sources that only compiling needs, and binaries of other systems. */
function needed(path: string): boolean {
  if (/better-sqlite3\/(deps|src)(\/|$)/.test(path)) return false;
  const binary = /\/prebuilds\/([^/]+)$/.exec(path)?.[1];
  return (
    binary === undefined ||
    binary.includes(`${process.platform}-${process.arch}`) ||
    !/^(linux|darwin|win32|android)/.test(binary)
  );
}
