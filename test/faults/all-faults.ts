import { errorMessage } from "../../core/app-error.ts";
import { atMost, type Claim } from "../../bench/report.ts";
import { peer } from "../fake/peer.ts";
import { brokerKill } from "./broker-kill.ts";
import { forgedMessages } from "./forged-messages.ts";
import { databaseAway } from "./database-away.ts";
import { databaseSlow } from "./database-slow.ts";
import { diskBytes } from "./disk-bytes.ts";
import { hostileBroker } from "./hostile-broker.ts";
import { killNine } from "./kill-nine.ts";
import { month } from "./month.ts";
import { outage } from "./outage.ts";
import { powerCuts } from "./power-cuts.ts";
import { sickDisk } from "./sick-disk.ts";
import { signOnce } from "./sign-once.ts";
import { workerKill } from "./worker-kill.ts";
import { writeErrors } from "./write-errors.ts";

/** All faults or one of them, each at its full count, as run.ts says; ends with exit code 1 when a claim falls short. */

/** A fault that is injected many times. `needs` are programs on PATH; "root" is the superuser. */
interface Fault<Need extends string = string> {
  needs: readonly Need[];
  run(peers: Record<Need, string>): Promise<Claim[]>;
}
const fault = <const Need extends string>(needs: readonly Need[], run: Fault<Need>["run"]): Fault => ({ needs, run });

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const seed = Number(option("--seed") ?? Date.now() % 1_000_000);
const faults: Record<string, Fault> = {
  "power-cuts": fault(["strace"], ({ strace }) => powerCuts({ cuts: 2000, transactions: 600, seed, strace })),
  "forged-messages": fault([], () => forgedMessages({ count: 10_000, seed, say: (line) => console.log(line) })),
  "kill-nine": fault(["mosquitto", "openssl"], (peers) => killNine({ kills: 200, seed, ...peers })),
  "sign-once": fault([], () => signOnce({ kills: 200, seed })),
  "broker-kill": fault(["mosquitto", "openssl"], (peers) => brokerKill({ kills: 10, ...peers })),
  "database-away": fault(["mosquitto", "openssl", "psql"], (peers) => databaseAway({ awayS: 60, ...peers })),
  "database-slow": fault(["mosquitto", "openssl", "psql"], (peers) => databaseSlow({ heldS: 60, ...peers })),
  "worker-kill": fault(["mosquitto", "openssl", "psql"], (peers) =>
    workerKill({ kills: Number(option("--kills") ?? 50), seed, ...peers }),
  ),
  outage: fault(["mosquitto", "openssl"], (peers) => outage({ hours: 72, ...peers })),
  "write-errors": fault(["strace"], ({ strace }) => writeErrors({ cuts: 300, transactions: 300, seed, strace })),
  "sick-disk": fault(["mkfs.ext4", "root"], (peers) => sickDisk({ commands: 10, ...peers })),
  "hostile-broker": fault([], () => hostileBroker({ seconds: 60, warmUpMs: 8000, seed })),
  "disk-bytes": fault(["mkfs.ext4", "root"], async (peers) => [
    ...(await diskBytes({ warmUpHours: 1, hours: 2, shareS: 900, seed, ...peers })),
    ...(await diskBytes({ warmUpHours: 1, hours: 1, shareS: 10, seed, ...peers })),
  ]),
  month: fault([], () =>
    month({ days: Number(option("--days") ?? 30), dayHours: 24, everyS: 30, seed, say: (line) => console.log(line) }),
  ),
};

const only = option("--only");
if (only !== undefined && !(only in faults)) throw new Error(`--only ${only}: there are ${Object.keys(faults).join(", ")}`);
console.log(`seed ${seed}`);
const claims: Claim[] = [];
const say = ({ name, value, limit, ok }: Claim): void => console.log(`${ok ? "ok  " : "FAIL"} ${name}: ${value}, limit ${limit}`);
for (const [name, { needs, run }] of Object.entries(faults)) {
  if (only !== undefined && only !== name) continue;
  const found = new Map(needs.map((need) => [need, need === "root" ? rootOnly() : peer(need)]));
  const missing = needs.filter((need) => found.get(need) === undefined);
  if (missing.length > 0) {
    console.log(`skip ${name}: needs ${missing.join(", ")}`);
    continue;
  }
  const startedMs = performance.now();
  const figures = await run(Object.fromEntries([...found].map(([need, path]) => [need, path ?? ""]))).catch((error: unknown) => {
    console.log(`${name}: ${error instanceof Error ? error.stack : errorMessage(error)}`);
    return [atMost(`${name}: ended by an error`, 1, 0)];
  });
  figures.forEach(say);
  claims.push(...figures);
  console.log(`     ${name} took ${Math.round((performance.now() - startedMs) / 1000)} s`);
}
const ok = claims.every((claim) => claim.ok);
if (process.argv.includes("--json")) console.log(JSON.stringify({ ok, claims }));
process.exitCode = ok ? 0 : 1;

function rootOnly(): string | undefined {
  if (process.getuid?.() === 0) return "root";
  if (process.env["REQUIRE_PEERS"] === "1") throw new Error("needs root, and REQUIRE_PEERS=1 forbids to skip");
  return undefined;
}
