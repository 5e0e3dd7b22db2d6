import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { bundleInput, bundleOutput } from "./bundle-options.ts";

/**
 * `npm run build`: bundles into a folder of its own and then puts the files into dist/ one by one, the entry last, so that
 * a program that runs from dist/ or starts just now always finds what it asks for. What no build has made for a day goes.
 * dist/files.json says which files belong to the newest build.
 */

const target = "dist";
const forgottenMs = 24 * 3_600_000;

const fresh = mkdtempSync("dist-");
try {
  {
    await using bundle = await rolldown(bundleInput);
    await bundle.write({ ...bundleOutput, dir: fresh });
  }
  writeFileSync(join(fresh, "files.json"), JSON.stringify(readdirSync(fresh).toSorted()));
  mkdirSync(target, { recursive: true });
  const files = readdirSync(fresh).toSorted((one, other) => Number(one === "main.js") - Number(other === "main.js"));
  for (const file of files) renameSync(join(fresh, file), join(target, file));
  for (const file of readdirSync(target))
    if (!files.includes(file) && Date.now() - statSync(join(target, file)).mtimeMs > forgottenMs) rmSync(join(target, file));
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
