import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { connectAsync } from "mqtt";
import { openDatabase } from "../../agent/store/open-database.ts";
import { tcpBoard, type Board } from "../../bench/boards.ts";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { telegrams } from "../e2e/telegrams.ts";
import { until } from "../fake/until.ts";
import { startAgentProcess } from "./agent-process.ts";
import { aggregatorId } from "./aggregator-files.ts";
import { embeddedBroker } from "./embedded-broker.ts";
import { loopDisk, type LoopDisk } from "./loop-disk.ts";

const site = "gw-1";
const diskMiB = 40;
const oldMinutes = 300;
const everyMs = 1000;

/**
 * The disk under the agent's state is full, and then turns read-only. Relays go on following the plan that is known, old
 * readings are thinned before any is dropped, and no reading of these days is lost where there is room again.
 * @param options.commands relays that are to switch while the disk is full, and as many while it is read-only
 */
export async function sickDisk(options: { commands: number; "mkfs.ext4": string }): Promise<Claim[]> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-disk-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "loop"));
  const disk = loopDisk(options["mkfs.ext4"], join(folder, "loop"), diskMiB);
  opened.defer(() => disk.remove());
  const stateFolder = join(disk.folder, "state");
  const databaseFile = join(stateFolder, "data.db");
  fillWithOldReadings(databaseFile);
  const broker = await embeddedBroker();
  opened.defer(() => broker.stop());
  const p1 = await startP1Server(0);
  opened.defer(() => p1.close());
  const coils = options.commands * 2;
  const board = await tcpBoard(coils);
  opened.defer(() => board.close());
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const key = await importControlKey(privateJwk);
  const client = await connectAsync(broker.url, { protocolVersion: 4 });
  opened.defer(() => client.endAsync(true));
  const agent = await startAgentProcess({
    folder,
    stateFolder,
    site,
    p1Port: p1.port,
    board: { board, coils },
    brokerUrl: broker.url,
    publicJwk,
    commitEveryS: 1,
  });
  opened.defer(() => agent.stop());
  let sent = 0;
  const meter = setInterval(() => {
    sent++;
    const [telegram] = telegrams({ fromMs: Date.now(), count: 1, everyS: 1, importWh: 4_000_000 + sent });
    if (telegram) p1.send(telegram);
  }, everyMs);
  opened.defer(() => clearInterval(meter));
  await until("the agent reads and is connected", async () => {
    const { readings, connected } = await agent.status();
    return readings > 0 && connected;
  });
  let seq = 0;
  const instruct = async (coil: number, fromMs: number): Promise<void> => {
    const resource = `load-${coil}`;
    const times = { executionTime: new Date(fromMs).toISOString(), validUntil: new Date(fromMs + 600_000).toISOString() };
    const instruction = { id: crypto.randomUUID(), ...times, operationModeId: "on", reason: "test" };
    const body = { plan: crypto.randomUUID(), resource, instructions: [instruction] };
    const text = await signEnvelope(key, { type: "instruction", site, seq: ++seq, nowMs: Date.now(), lifetimeS: 600, body });
    await client.publishAsync(`sma/1/${aggregatorId}/${site}/dn/instr/${resource}`, text, { qos: 1 });
  };
  /** How many of the coils are not switched on in time, though all are due within these seconds. */
  const missed = async (first: number, seconds: number): Promise<number> => {
    await until(
      "relays follow",
      () => onOf(board, first, options.commands) === options.commands,
      (seconds + options.commands + 5) * 1000,
    ).catch(() => undefined);
    return options.commands - onOf(board, first, options.commands);
  };
  const seconds = 6;
  const plan = async (first: number): Promise<void> => {
    for (let at = 0; at < options.commands; at++)
      await instruct(first + at, Date.now() + 3000 + ((seconds - 3) * 1000 * at) / options.commands);
    await until("the plan is accepted", async () => {
      const { appliances } = await agent.status();
      return appliances.filter(({ planUntil }) => planUntil !== null).length >= first + options.commands;
    });
  };

  await plan(0);
  const before = oldReadings(databaseFile);
  const filling = filler(disk);
  filling.fill();
  await until("room was made", () => agent.log().includes("disk full"), 20_000).catch(() => undefined);
  // What else writes there takes all that became free, and then nothing can be stored any more.
  filling.again();
  const missedFull = await missed(0, seconds);
  const full = agent.log();
  filling.stop();
  // Where nothing can be written nothing can be thinned either; the reserve is what makes it possible.
  await until("readings are stored", () => newestAgeMs(databaseFile) < 3000, 20_000).catch(() => undefined);
  const after = oldReadings(databaseFile);
  const stale = newestAgeMs(databaseFile);

  await plan(options.commands);
  disk.fail();
  const missedReadOnly = await missed(options.commands, seconds);
  const { readings } = await agent.status();
  await agent.stop();
  const log = agent.log();
  return [
    atMost(`sick-disk: relays that did not follow on a full disk, of ${options.commands}`, missedFull, 0),
    atLeast("sick-disk: the disk was full (at least)", full.split(/disk full|could not be stored/).length - 1, 1),
    atLeast("sick-disk: old readings thinned (at least)", before.rows - after.rows, 1),
    atMost(`sick-disk: minutes of old readings dropped, of ${before.minutes}`, before.minutes - after.minutes, 0),
    atMost("sick-disk: rows given up while there was something to thin", after.gaps, 0),
    atMost("sick-disk: age of the newest stored reading when there is room again, ms", stale, 3000),
    atMost(`sick-disk: relays that did not follow on a read-only disk, of ${options.commands}`, missedReadOnly, 0),
    atLeast(
      "sick-disk: times that it said that nothing can be stored (at least)",
      log.split("could not be stored").length - 1,
      1,
    ),
    atMost("sick-disk: readings not taken", Math.max(0, sent - readings - 3), 0),
  ];
}

/** Five hours of a reading a second, five days ago: what a full disk costs first. */
function fillWithOldReadings(file: string): void {
  const db = openDatabase(file);
  const add = db.prepare("insert into sample values ('grid', ?, 0, 1, 1, 1, 'valid', 1)");
  const startMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 5 * 86_400_000;
  db.transaction(() => {
    for (let second = 0; second < oldMinutes * 60; second++) add.run(startMs + second * 1000);
  })();
  db.close();
}

function oldReadings(file: string): { rows: number; minutes: number; gaps: number } {
  const db = new Database(file, { readonly: true });
  try {
    const one = (sql: string): number => db.prepare<[], { n: number }>(sql).get()?.n ?? -1;
    const old = `from sample where at_ms < ${Date.now() - 4 * 86_400_000}`;
    return {
      rows: one(`select count(*) as n ${old}`),
      minutes: one(`select count(distinct at_ms / 60000) as n ${old}`),
      gaps: one("select count(*) as n from outbox where body ->> 'kind' = 'gap'"),
    };
  } finally {
    db.close();
  }
}

function newestAgeMs(file: string): number {
  const db = new Database(file, { readonly: true });
  try {
    return Date.now() - (db.prepare<[], { at: number }>("select max(at_ms) as at from sample").get()?.at ?? 0);
  } finally {
    db.close();
  }
}

const onOf = (board: Board, first: number, count: number): number =>
  new Set(board.writes.filter(({ coil, on }) => on && coil >= first && coil < first + count).map(({ coil }) => coil)).size;

/** Takes all room that there is, once or again and again; when it stops all of it is free. */
function filler(disk: LoopDisk): { fill(): void; again(): void; stop(): void } {
  const files: string[] = [];
  /** At once: what the agent frees in the midst of it would be taken too. */
  const fill = (): void => {
    const { bavail, bsize } = statfsSync(disk.folder);
    for (let bytes = bavail * bsize; bytes >= 4096;) {
      const file = join(disk.folder, `filler-${files.length}`);
      try {
        execFileSync("fallocate", ["-l", String(Math.floor(bytes)), file], { stdio: "ignore" });
        files.push(file);
        return;
      } catch {
        if (existsSync(file)) rmSync(file);
        // The file system keeps some for its own lists.
        bytes -= 64 * 1024;
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    fill,
    again: () => void (timer = setInterval(fill, 200)),
    stop() {
      clearInterval(timer);
      for (const file of files) rmSync(file, { force: true });
    },
  };
}
