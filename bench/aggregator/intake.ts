import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import mqtt from "mqtt";
import pg from "pg";
import type { DatabasePlace } from "../../aggregator/store/database-place.ts";
import { topicFilter } from "../../core/topic.ts";
import { peer } from "../../test/fake/peer.ts";
import { postgresFolder, startPostgres } from "../../test/fake/postgres.ts";
import { atLeast, atMost, quantile, rounded, type Claim } from "../report.ts";
import { benchBroker } from "./bench-broker.ts";
import { benchAggregator, benchMessages, keptSession, publishLive, queueAtBroker, type Shape } from "./intake-load.ts";
import type { BareRead, IntakeRead, Reading } from "./intake-reader.ts";
import type { Part, PartOptions } from "./optimise.ts";

/** One reading a message, as homes send them that are heard; and 60 rows a message, as homes send a backlog. */
const shapes: Record<string, Shape> = {
  "1 row a message": { homes: 1000, messagesEach: 60, rowsEach: 1 },
  "60 rows a message": { homes: 200, messagesEach: 10, rowsEach: 60 },
};
/** Each is measured so often, in turn with what stands beside it: a machine is rarely quiet for long. */
const rounds = 9;

interface Round {
  own: IntakeRead;
  /** Messages a second of a bare mqtt.js, and of plain inserts. */
  raw: number;
  plain: number;
  /** Of ours beside the slower of the two. */
  ratio: number;
}

/** What 10,000 homes send that send a message a minute, in a part of the minute: a message of each of these homes. */
const live: Shape = { homes: 3000, messagesEach: 1, rowsEach: 1 };
const liveHomes = 10_000;
const filter = topicFilter(benchAggregator, "+", "up");
const insertRows = 1000;

/** Reads what waits at the broker, in a process of its own. */
async function readApart(url: string, clientId: string, shape: Shape): Promise<BareRead>;
async function readApart(url: string, clientId: string, shape: Shape, place: DatabasePlace): Promise<IntakeRead>;
async function readApart(url: string, clientId: string, shape: Shape, place?: DatabasePlace): Promise<BareRead> {
  await keptSession(url, clientId, filter);
  const count = await queueAtBroker(url, benchMessages(shape));
  return startReader({ url, clientId, count, shape, ...(place && { place }) });
}

/** Takes what homes send as time goes by. @returns the share of two cores that the aggregator's process had of it */
async function liveShare(url: string, place: DatabasePlace): Promise<number> {
  const clientId = `aggregator-${benchAggregator}`;
  await keptSession(url, clientId, filter);
  const count = live.homes * live.messagesEach;
  const read = startReader({ url, clientId, count, shape: live, place });
  await publishLive(url, benchMessages(live), liveHomes / 60);
  const { cpuMs } = (await read) as IntakeRead;
  // Of the pace at which they were sent: the first ones waited until the process was there.
  return (cpuMs * (liveHomes / 60)) / 1000 / 2;
}

async function startReader(reading: Reading): Promise<BareRead> {
  const file = join(import.meta.dirname, "intake-reader.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(reading)]);
  await forget(reading.url, reading.clientId);
  return JSON.parse(stdout) as BareRead;
}

async function forget(url: string, clientId: string): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clientId, clean: true });
  await client.endAsync();
}

const columns = ["site", "boot", "seq", "kind", "meter", "role", "register", "start_ms", "end_ms", "wh", "body"];
const table = `(site text not null, boot text not null, seq bigint not null, kind text not null, meter text, role text,
  register text, start_ms bigint, end_ms bigint, wh bigint, body text not null, primary key (site, boot, seq))`;
const index = "create index plain_slot on plain (site, role, register, start_ms)";

function* insertBatches(shape: Shape): Generator<unknown[][]> {
  let batch: unknown[][] = [];
  for (const { site, message } of benchMessages(shape))
    for (const item of message.items) {
      batch.push([site, message.boot, item.seq, item.kind, "grid", null, null, null, null, null, JSON.stringify(item)]);
      if (batch.length < insertRows) continue;
      yield batch;
      batch = [];
    }
  if (batch.length > 0) yield batch;
}

/** Messages a second whose rows go into a table like the store's by plain inserts of a thousand rows, a commit each. */
async function plainRate(place: DatabasePlace, shape: Shape): Promise<number> {
  const batches = [...insertBatches(shape)];
  const messages = shape.homes * shape.messagesEach;
  if (place.engine === "sqlite") {
    const db = new Database(`${place.file}.plain`);
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec(`create table plain ${table}; ${index}`);
    const insert = db.prepare(`insert into plain values (${columns.map(() => "?").join(",")})`);
    const beganMs = performance.now();
    for (const batch of batches) db.transaction(() => batch.forEach((row) => insert.run(...row)))();
    const rate = messages / ((performance.now() - beganMs) / 1000);
    db.close();
    return rate;
  }
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  await client.query(`create table plain ${table}`);
  await client.query(index);
  const beganMs = performance.now();
  for (const batch of batches) {
    const places = batch.map((row, at) => `(${row.map((_, column) => `$${at * columns.length + column + 1}`).join(",")})`);
    await client.query(`insert into plain values ${places.join(",")}`, batch.flat());
  }
  const rate = messages / ((performance.now() - beganMs) / 1000);
  await client.query("drop table plain");
  await client.end();
  return rate;
}

/** The intake part: rows into both databases, beside what the broker's client and the database do without it. */
export async function intakePart(_options: PartOptions): Promise<Part> {
  const [mosquitto, programs] = [peer("mosquitto"), postgresFolder()];
  if (!mosquitto) throw new Error("the intake part needs mosquitto");
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bench-intake-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await benchBroker(mosquitto);
  opened.defer(() => broker.stop());
  const server = programs === undefined ? undefined : await startPostgres(programs);
  if (server) opened.defer(() => server.stop());
  const rows: Part["rows"] = [];
  const claims: Claim[] = [];
  const engines = server ? (["sqlite", "postgres"] as const) : (["sqlite"] as const);
  const placeOf = (engine: "sqlite" | "postgres", id: string): DatabasePlace =>
    engine === "sqlite" ? { engine, file: join(folder, `${id}.db`) } : { engine, url: server?.database(`${engine}_${id}`) ?? "" };
  for (const [name, shape] of Object.entries(shapes))
    for (const engine of engines) {
      const taken: Round[] = [];
      for (let round = 1; round <= rounds; round++) {
        const place = placeOf(engine, `${shape.rowsEach}_${round}`);
        const { rate: raw } = await readApart(broker.url, "raw", shape);
        const own = await readApart(broker.url, `aggregator-${benchAggregator}`, shape, place);
        const plain = await plainRate(place, shape);
        taken.push({ own, raw, plain, ratio: own.rate / Math.min(raw, plain) });
      }
      const of = (figure: (round: Round) => number): number => quantile(taken.map(figure), 0.5);
      const ratios = taken.map(({ ratio }) => rounded(ratio)).toSorted((one, other) => one - other);
      rows.push({
        "what comes": name,
        database: engine,
        "intake, messages/s": Math.round(of(({ own }) => own.rate)),
        "rows/s": Math.round(of(({ own }) => own.rate) * shape.rowsEach),
        "mqtt.js alone, messages/s": Math.round(of(({ raw }) => raw)),
        "plain inserts, messages/s": Math.round(of(({ plain }) => plain)),
        "intake / slower": `${ratios.at(0)} to ${ratios.at(-1)}`,
        "messages a receipt": rounded(of(({ own }) => (shape.homes * shape.messagesEach) / own.receipts)),
        "cpu ms a message": rounded(of(({ own }) => own.cpuMs)),
      });
      const sum = (figure: (read: IntakeRead) => number): number => taken.reduce((before, { own }) => before + figure(own), 0);
      claims.push(
        atLeast(
          `${name}, ${engine}: intake / the slower of mqtt.js alone and plain inserts, the middle one of ${rounds}`,
          of(({ ratio }) => ratio),
          0.5,
        ),
        atMost(
          `${name}, ${engine}: rows missing`,
          sum(({ missing }) => missing),
          0,
        ),
        atMost(
          `${name}, ${engine}: messages refused`,
          sum(({ refused }) => refused),
          0,
        ),
      );
    }
  for (const engine of engines)
    claims.push(
      atMost(
        `${engine}: share of two cores that ${liveHomes} homes take with a message a minute`,
        await liveShare(broker.url, placeOf(engine, "live")),
        0.25,
      ),
    );
  return { rows, claims };
}
