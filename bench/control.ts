import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { startAgentRig } from "./agent-rig.ts";
import { monotonicMs, rtuBoard, tcpBoard, type Board } from "./boards.ts";
import { startCommander, type Commanded, type Commander } from "./commander.ts";
import { atMost, quantile, report, rounded, type Claim } from "./report.ts";

/**
 * `npm run bench:control [-- --json] [--count 1000]`: how long a command to reduce takes to the relay, over Modbus TCP and over
 * Modbus RTU at 9600 (a PTY pair of socat, whose line time the board adds), each beside a bare loop over modbus-serial that
 * writes and reads back, in the same run, turn by turn, with the same pause before each command:
 *
 * - bare: from the call of writeCoil until the slave has the write, and until it is asked to read back.
 * - control: the agent's plan, guard, actuator, journal on disk, driver and line, from their sources in a process of their own.
 *   From the guard's decision until the slave has the write, and until it is asked to read back: what the bare loop does too, so
 *   these two are compared. Besides, with the pass of plan and guard, from the instruction in force; and until the switching is
 *   journalled.
 * - agent: the built agent as it is installed, end to end. From the signed instruction being handed to the broker's client until
 *   the slave has the write: broker, signature, two durable commits and control. Nothing in the bare loop compares with that.
 */

const coils = 16;
/** Two switchings a round each; an appliance may switch six times an hour, and a new agent begins anew. */
const roundsAnAgent = 3;
const pauseMs = 10;

const at = process.argv.indexOf("--count");
const count = at > 0 ? Number(process.argv[at + 1]) : 1000;
const rounds = Math.ceil(count / coils);
if (!existsSync("dist/main.js")) throw new Error("dist/main.js is not there; run npm run build");
const folder = mkdtempSync(join(tmpdir(), "smart-mla-control-"));
execFileSync(process.execPath, ["deploy/stage.ts", join(folder, "staged")]);

/** Times of all commands of one kind, ms. */
interface Times {
  /** From the decision until the slave had the write, and was asked to read back. */
  writtenMs: number[];
  readBackMs: number[];
  /** From the command until the slave had the write, and until the commander was done. */
  commandWrittenMs: number[];
  commandDoneMs: number[];
}

const rows: Record<string, string | number>[] = [];
const claims: Claim[] = [];
const show = (figure: string, samples: readonly number[]): void =>
  void rows.push({
    figure: `${figure} (${samples.length})`,
    "median, ms": rounded(quantile(samples, 0.5)),
    "p99, ms": rounded(quantile(samples, 0.99)),
  });
const compare = (figure: string, samples: readonly number[], bare: readonly number[]): void => {
  for (const [name, share] of [
    ["median", 0.5],
    ["p99", 0.99],
  ] as const)
    claims.push(atMost(`${figure} / bare, ${name}`, quantile(samples, share) / quantile(bare, share), 1.5));
};

const lines: [name: string, open: () => Promise<Board>][] = [["TCP", () => tcpBoard(coils)]];
const socat = ["/usr/bin/socat", "/usr/local/bin/socat"].find((file) => existsSync(file));
if (socat === undefined) console.log("RTU skipped: socat is not there");
else lines.push(["RTU 9600", () => rtuBoard(coils, socat)]);

for (const [name, open] of lines) {
  const [bare, control] = await sideBySide(open);
  show(`${name}: bare, call to write`, bare.writtenMs);
  show(`${name}: control, decision to write`, control.writtenMs);
  show(`${name}: bare, call to read-back`, bare.readBackMs);
  show(`${name}: control, decision to read-back`, control.readBackMs);
  show(`${name}: control, instruction in force to write`, control.commandWrittenMs);
  show(`${name}: control, instruction in force to journalled`, control.commandDoneMs);
  show(`${name}: agent, signed message to write`, await agentTimes(open));
  compare(`${name}: decision to write`, control.writtenMs, bare.writtenMs);
  compare(`${name}: decision to read-back`, control.readBackMs, bare.readBackMs);
}
show("one durable commit", commitTimes());
rmSync(folder, { recursive: true });
report(rows, claims, process.argv);

/** The bare loop and control in turn, each with a board of its own. */
async function sideBySide(open: () => Promise<Board>): Promise<[Times, Times]> {
  const sides = await Promise.all(
    ["bare-loop.ts", "control-path.ts"].map(async (script) => {
      const board = await open();
      const own = mkdtempSync(join(folder, "side-"));
      const times: Times = { writtenMs: [], readBackMs: [], commandWrittenMs: [], commandDoneMs: [] };
      const commander = startCommander(script, { line: board.line, coils, pauseMs, folder: own });
      return { board, commander, times };
    }),
  );
  for (let round = 0; round < rounds; round++) for (const side of sides) await take(side);
  for (const { commander, board } of sides) {
    await commander.close();
    await board.close();
  }
  const [bare, control] = sides.map(({ times }) => times);
  if (!bare || !control) throw new Error("unreachable");
  return [bare, control];
}

async function take({ board, commander, times }: { board: Board; commander: Commander; times: Times }): Promise<void> {
  board.forget();
  for (const one of await commander.round()) {
    const { writtenMs, readBackMs } = seenBy(board, one);
    times.writtenMs.push(writtenMs - one.decidedMs);
    times.readBackMs.push(readBackMs - one.decidedMs);
    times.commandWrittenMs.push(writtenMs - one.startMs);
    times.commandDoneMs.push(one.doneMs - one.startMs);
  }
}

function seenBy({ writes, reads }: Board, { coil, startMs }: Commanded): { writtenMs: number; readBackMs: number } {
  const write = writes.find((one) => one.coil === coil && !one.on && one.atMs >= startMs);
  const read = write && reads.find((one) => one.coil === coil && one.atMs >= write.atMs);
  if (!read) throw new Error(`coil ${coil} was commanded off and not written and read back`);
  return { writtenMs: write.atMs, readBackMs: read.atMs };
}

/** Reductions by signed instructions to the built agent. */
async function agentTimes(open: () => Promise<Board>): Promise<number[]> {
  const times: number[] = [];
  while (times.length < rounds * coils) {
    const board = await open();
    const rig = await startAgentRig(join(folder, "staged", "bin", "smart-mla"), board, coils);
    await Promise.all([rig.firstReadingMs(), rig.online]);
    for (let round = 0; round < roundsAnAgent && times.length < rounds * coils; round++)
      for (const on of [true, false])
        for (let coil = 0; coil < coils; coil++) {
          // What the last command still does on the line is not this one's latency.
          await board.quiet(5 * pauseMs);
          const { fromSendingMs } = await rig.command(coil, on);
          if (!on) times.push(fromSendingMs);
        }
    await rig.stop();
    await board.close();
  }
  return times;
}

/** What this machine's disk takes for one commit as the agent makes them (WAL, synchronous=FULL). */
function commitTimes(): number[] {
  const own = join(folder, "commits");
  mkdirSync(own);
  const db = new Database(join(own, "data.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("create table commits (id integer primary key, body text)");
  const insert = db.prepare("insert into commits (body) values (?)");
  const body = "x".repeat(300);
  const times = Array.from({ length: 200 }, () => {
    const startMs = monotonicMs();
    insert.run(body);
    return monotonicMs() - startMs;
  });
  db.close();
  return times;
}
