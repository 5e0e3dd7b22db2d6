import { createRequire } from "node:module";
import { AppError } from "../../core/app-error.ts";

/** Names of the platform packages by Node's names. */
const platforms: Record<string, string> = { linux: "linux", darwin: "darwin", win32: "win32" };
const machines: Record<string, string> = { x64: "amd64", arm64: "arm64" };

/**
 * Path of the native anvil of this machine. The package's own command is a script that downloads and starts it, and
 * would stand between us and the process that has to be stopped.
 * @throws AppError chain-no-anvil
 */
export function anvilBinary(platform: string = process.platform, machine: string = process.arch): string {
  const name = `@foundry-rs/anvil-${platforms[platform] ?? platform}-${machines[machine] ?? machine}`;
  const file = `${name}/bin/anvil${platform === "win32" ? ".exe" : ""}`;
  try {
    const here = createRequire(import.meta.url);
    // The platform's package is a dependency of the main one, so it is looked for from there.
    return createRequire(here.resolve("@foundry-rs/anvil/package.json")).resolve(file);
  } catch (cause) {
    throw new AppError("chain-no-anvil", `${file} is not installed; run npm ci on this machine (${platform}, ${machine})`, {
      cause,
    });
  }
}
