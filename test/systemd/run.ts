import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { atMost, quantile, report, rounded } from "../../bench/report.ts";
import { seededRandom } from "../../simulator/house/seeded-random.ts";
import { peer } from "../fake/peer.ts";
import { loadsOn, makeGatewayRoot } from "./gateway-root.ts";
import { openHome } from "./home.ts";
import { bootMachine, type Machine } from "./machine.ts";
import { boost, endAgent, endMachine, isOn, started, type Round } from "./rounds.ts";

/**
 * `npm run test:systemd [-- --json] [--kills 50] [--seed N] [--root FOLDER]`: installs the agent into a small Debian, boots its
 * real systemd in a container, and measures how soon relays are in their safe state after kill -9 of the agent at random
 * moments, after a hang, and after the end of the whole container. Exit 1 when it takes longer than it may. Needs root and
 * debootstrap, systemd-container and iproute2; where they are missing it says so and skips. With --root the Debian is kept in
 * that folder for the next time.
 */

/** Each kill costs an appliance two of its six switches an hour, so each serves a few rounds only. */
const boards = 4;
const roundsALoad = 2;
const mostMomentMs = 3000;
const safeLimitMs = 1000;
const watchdogMs = 60_000;

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const kills = Number(option("--kills") ?? 50);
const seed = Number(option("--seed") ?? Date.now() % 1_000_000);
const kept = option("--root");
const loads = loadsOn(boards);
if (kills > loads.length * roundsALoad) throw new Error(`--kills ${kills}: at most ${loads.length * roundsALoad}`);

const missing = ["debootstrap", "systemd-nspawn", "nsenter", "unshare", "ip"].filter((program) => peer(program) === undefined);
if (process.getuid?.() !== 0) missing.push("root");
if (missing.length > 0) {
  if (process.env["REQUIRE_PEERS"] === "1") throw new Error(`needs ${missing.join(", ")}, and REQUIRE_PEERS=1 forbids to skip`);
  console.log(`skipped: needs ${missing.join(", ")} (Debian: apt-get install debootstrap systemd-container iproute2, as root)`);
  process.exit(0);
}
if (!existsSync("dist/main.js")) throw new Error("dist/main.js is not there; run npm run build");

const scratch = mkdtempSync(join(tmpdir(), "smart-mla-systemd-"));
const root = kept === undefined ? join(scratch, "root") : resolve(kept);
const random = seededRandom(seed);
const home = await openHome(boards);
let machine: Machine | undefined;
let tidied: Promise<void> | undefined;
const tidy = (): Promise<void> => (tidied ??= tidyOnce());
const tidyOnce = async (): Promise<void> => {
  await machine?.kill();
  await home.close();
  rmSync(scratch, { recursive: true, force: true });
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void tidy().finally(() => process.exit(1)));

try {
  console.log(`seed ${seed}; making ${root}`);
  makeGatewayRoot(root, { ...home, loads });
  const boot = (): Promise<Machine> => bootMachine(root, home.network);
  machine = await boot();
  await started(machine);
  const rounds: Round[] = [];
  const table: object[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const load = loads[Math.floor(kill / roundsALoad)] ?? { name: "", contact: "" };
    if (kill % roundsALoad === 0) await boost(machine, home, load);
    else await isOn(home, load.contact);
    const momentMs = Math.round(random("moment", kill) * mostMomentMs);
    await delay(momentMs);
    const round = await endAgent(machine, home, "SIGKILL", 20_000);
    rounds.push(round);
    table.push({ "ms after on": momentMs, ...shown(round) });
  }
  console.table(table);
  const { NRestarts: restarts } = await machine.show("smart-mla-agent.service", "NRestarts");

  const hangs = loads.at(-2) ?? { name: "", contact: "" };
  await boost(machine, home, hangs);
  const hang = await endAgent(machine, home, "SIGSTOP", watchdogMs + 20_000);

  const last = loads.at(-1) ?? { name: "", contact: "" };
  await boost(machine, home, last);
  const cut = await endMachine(machine, home, boot, 3000);
  machine = cut.machine;

  const safeMs = rounds.map((round) => round.safeMs);
  const activeMs = rounds.map((round) => round.activeMs);
  const faults = [...rounds, hang, cut].flatMap((round) => round.faults);
  for (const fault of faults) console.log(fault);
  report(
    [
      ...[0, 0.5, 0.99, 1].map((share) => ({
        figure: `kill -9 to the last relay safe, ${nameOf(share)} of ${kills}, ms`,
        value: rounded(quantile(safeMs, Math.max(share, 1 / kills))),
      })),
      { figure: "kill -9 to service active, median, ms", value: rounded(quantile(activeMs, 0.5)) },
      { figure: "kill -9 to service active, max, ms", value: rounded(quantile(activeMs, 1)) },
      { figure: "restarts by systemd", value: restarts },
      { figure: "agent stopped by SIGSTOP to the last relay safe (WatchdogSec=60), ms", value: rounded(hang.safeMs) },
      { figure: "relays still on 3 s after the container's end", value: `${cut.stillOn} of ${cut.contacts}` },
      { figure: "container's start to the last relay safe, ms", value: rounded(cut.safeMs) },
      { figure: "container's start to service active, ms", value: rounded(cut.activeMs) },
    ],
    [
      atMost("kill -9 to relay safe, max ms", quantile(safeMs, 1), safeLimitMs),
      atMost("kills after which the service was not restarted", kills - Number(restarts), 0),
      atMost("hang to relay safe ms", hang.safeMs, watchdogMs + 5000),
      atMost("rounds with another fault", faults.length, 0),
    ],
    process.argv,
  );
} finally {
  await tidy();
}

function shown({ contacts, safeMs, activeMs, faults }: Round): object {
  return {
    "relays on": contacts,
    "all safe, ms": Math.round(safeMs),
    "service active, ms": Math.round(activeMs),
    ...(faults.length > 0 && { faults: faults.join("; ") }),
  };
}

function nameOf(share: number): string {
  return { 0: "min", 0.5: "median", 0.99: "p99", 1: "max" }[share] ?? String(share);
}
