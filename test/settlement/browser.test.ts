import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { describe, expect, it } from "vitest";

/** Modules that run when the given one is imported, by the text of their imports; type imports are gone by then. */
function closure(url: URL, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(url.href)) return seen;
  const text = readFileSync(url, "utf8");
  const specifiers = [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gms)].map(
    ([, specifier = ""]) => specifier,
  );
  seen.set(url.href, specifiers);
  for (const specifier of specifiers)
    if (specifier.startsWith(".") && specifier.endsWith(".ts")) closure(new URL(specifier, url), seen);
  return seen;
}

describe.each(["verify/verify", "verify/bundle", "record/record", "chain/chain-client"])("settlement/%s.ts", (name) => {
  it("imports nothing that only Node has, so it runs in browsers", () => {
    const modules = closure(new URL(`../../settlement/${name}.ts`, import.meta.url));
    expect(modules.size).toBeGreaterThan(2);
    for (const specifiers of modules.values()) expect(specifiers.filter((specifier) => isBuiltin(specifier))).toEqual([]);
  });
});

it.each(["verify/bundle", "record/agreement", "chain/chain-reader"])("settlement/%s.ts does not load ethers", (name) => {
  const modules = closure(new URL(`../../settlement/${name}.ts`, import.meta.url));
  for (const specifiers of modules.values()) expect(specifiers.filter((specifier) => specifier.startsWith("ethers"))).toEqual([]);
});
