import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { scratchOfFaults } from "./scratch-of-faults.ts";

/**
 * `npm run test:faults [-- --json] [--only NAME] [--seed N] [--days 30]`: what the agent and the aggregator bear, each claim
 * at its full count. `--days` is the length of the month. One line a figure; with --json as last line `{ok, claims}`.
 * Exit 1 when a claim falls short. A claim whose programs are missing is skipped by name; with REQUIRE_PEERS=1 that is a
 * failure. However it ends, SIGINT and SIGTERM included, its processes end and its disks are unmounted.
 */

const scratch = scratchOfFaults();
const faults = spawn(process.execPath, [fileURLToPath(new URL("all-faults.ts", import.meta.url)), ...process.argv.slice(2)], {
  stdio: "inherit",
  // A group of its own: a signal to it reaches brokers, agents and traced processes too, whoever started them.
  detached: true,
  env: { ...process.env, TMPDIR: scratch.folder },
});
const endAll = (): void => {
  try {
    if (faults.pid !== undefined) process.kill(-faults.pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    console.error(`${signal}: faults ended`);
    endAll();
  });
faults.once("exit", (code) => {
  // What a fault left behind, such as a broker after an error.
  endAll();
  scratch.remove();
  process.exitCode = code ?? 1;
});
