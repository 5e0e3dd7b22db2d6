import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startAgentRig } from "./agent-rig.ts";
import { tcpBoard } from "./boards.ts";
import { cpuSeconds, residentMiB } from "./process-usage.ts";
import { atMost, quantile, report, rounded } from "./report.ts";

/**
 * `npm run bench:agent [-- --json] [--seconds 60]`: memory and processor time of the built agent at one telegram a second
 * beside bare node in the same run, start to first reading, and time from a schedule message to the relay's write.
 */

if (!existsSync("dist/main.js")) throw new Error("dist/main.js is not there; run npm run build");
const staged = mkdtempSync(join(tmpdir(), "smart-mla-staged-"));
execFileSync(process.execPath, ["deploy/stage.ts", staged]);
const at = process.argv.indexOf("--seconds");
const seconds = at > 0 ? Number(process.argv[at + 1]) : 60;

/** Relays on the board, and so appliances of the agent. */
const coils = 50;
const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
const board = await tcpBoard(coils);
const rig = await startAgentRig(join(staged, "bin", "smart-mla"), board, coils);
const firstReadingMs = await rig.firstReadingMs();
const [agentPid, barePid] = [rig.agent.pid ?? 0, bare.pid ?? 0];

// The first rows, the first garbage collections and the first checkpoint are over.
await delay(10_000);
const before = cpuSeconds(agentPid);
const startedMs = performance.now();
const resident: number[] = [];
while (performance.now() - startedMs < seconds * 1000) {
  await delay(1000);
  resident.push(residentMiB(agentPid));
}
const cpuPercent = ((cpuSeconds(agentPid) - before) / ((performance.now() - startedMs) / 1000)) * 100;
const bareMiB = residentMiB(barePid);
const agentMiB = quantile(resident, 0.5);

const latencies: number[] = [];
// Each appliance may switch six times an hour; three times on, three times off.
for (const on of [true, false, true, false, true, false])
  for (let index = 0; index < coils; index++) latencies.push((await rig.command(index, on)).fromSigningMs);
const afterMiB = residentMiB(agentPid);
await rig.stop();
await board.close();
bare.kill();
await once(bare, "exit");
rmSync(staged, { recursive: true });

report(
  [
    { figure: "agent resident, median, MiB", value: rounded(agentMiB) },
    { figure: "agent resident after commands, MiB", value: rounded(afterMiB) },
    { figure: "bare node resident, MiB", value: rounded(bareMiB) },
    { figure: "agent / bare node", value: rounded(agentMiB / bareMiB) },
    { figure: "agent processor at 1 telegram/s, % of one core", value: rounded(cpuPercent) },
    { figure: "start to first reading (telegrams come each second), ms", value: rounded(firstReadingMs) },
    { figure: `schedule to relay write, median of ${latencies.length}, ms`, value: rounded(quantile(latencies, 0.5)) },
    { figure: `schedule to relay write, p99 of ${latencies.length}, ms`, value: rounded(quantile(latencies, 0.99)) },
  ],
  [
    atMost("agent resident MiB", agentMiB, 110),
    atMost("agent resident / bare node", agentMiB / bareMiB, 2.6),
    atMost("agent processor % of one core", cpuPercent, 2),
    atMost("schedule to relay write p99 ms", quantile(latencies, 0.99), 50),
  ],
  process.argv,
);
