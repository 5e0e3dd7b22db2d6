import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/**
 * `npm run lock`: makes package-lock.json anew after a change of dependencies, without three traps:
 * an npm under an older Node chooses packages built for another ABI; `npm ci` refuses a lock file that lacks optional
 * packages of other platforms which this registry did not offer; npm forgets that better-sqlite3 ships its binary
 * (`gypfile: false`) and would compile it. test/package/lock-file.test.ts holds the result.
 */

interface LockEntry {
  version?: string;
  optional?: boolean;
  gypfile?: boolean;
  resolved?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) throw new Error(`run this under Node 24 (npm run lock does); this is ${process.version}`);

execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], { stdio: "inherit" });

const file = "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockEntry> };
for (const entry of Object.values(lock.packages)) delete entry.resolved;
const sqlite = lock.packages["node_modules/better-sqlite3"];
if (sqlite) sqlite.gypfile = false;
for (const [place, entry] of Object.entries(lock.packages))
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${place}/node_modules/${name}`;
    const top = `node_modules/${name}`;
    if (nested in lock.packages || !/^\d/.test(version) || lock.packages[top]?.version === version) continue;
    // Another version may hold the top place already, when two packages bring the same platform package.
    lock.packages[top in lock.packages ? nested : top] = { version, optional: true, ...platformOf(name) };
  }
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([one], [other]) => (one < other ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

/** Operating system and processor from a package's name, such as @foundry-rs/anvil-darwin-arm64. */
function platformOf(name: string): Pick<LockEntry, "os" | "cpu" | "libc"> {
  const systems = ["linux", "darwin", "win32", "freebsd", "openharmony", "android", "netbsd", "openbsd", "sunos", "aix"];
  const machines: Record<string, string> = {
    amd64: "x64",
    x64: "x64",
    arm64: "arm64",
    arm: "arm",
    ia32: "ia32",
    ppc64: "ppc64",
    riscv64: "riscv64",
    s390x: "s390x",
  };
  const words = name.split(/[-/]/);
  const os = systems.find((system) => words.includes(system));
  const machine = words.find((word) => word in machines);
  const libc = words.includes("musl") ? "musl" : words.includes("gnu") ? "glibc" : undefined;
  return {
    ...(os && { os: [os] }),
    ...(machine && { cpu: [machines[machine] ?? machine] }),
    ...(libc && { libc: [libc] }),
  };
}
