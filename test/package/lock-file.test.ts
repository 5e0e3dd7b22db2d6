import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface LockEntry {
  version?: string;
  gypfile?: boolean;
  resolved?: string;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, LockEntry> };
const own = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};

it("installs better-sqlite3 from its shipped binary, never by compiling", () =>
  expect(lock.packages["node_modules/better-sqlite3"]).toMatchObject({ version: "13.2.0", gypfile: false }));

it("holds every optional platform package, so that npm ci takes it anywhere", () => {
  const missing = Object.entries(lock.packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name, version]) => {
        const held = lock.packages[`${place}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
        return !held || (/^\d/.test(version) && held.version !== version);
      })
      .map(([name]) => name),
  );
  expect(missing).toEqual([]);
});

it("names no download address", () => expect(Object.values(lock.packages).filter((entry) => entry.resolved)).toEqual([]));

it("pins every direct dependency", () => {
  const loose = Object.entries({ ...own.dependencies, ...own.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
});

it("allows the install scripts that are needed and no others", () =>
  expect(Object.keys(own.allowScripts).toSorted()).toEqual(["@foundry-rs/anvil", "@serialport/bindings-cpp", "node"]));
