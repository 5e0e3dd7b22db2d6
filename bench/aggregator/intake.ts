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
import { atLeast, atMost, rounded, type Claim } from "../report.ts";
import { benchBroker } from "./bench-broker.ts";
import { benchAggregator, benchMessages, keptSession, queueAtBroker, type Shape } from "./intake-load.ts";
import type { BareRead, IntakeRead, Reading } from "./intake-reader.ts";
import type { Part, PartOptions } from "./optimise.ts";

/** One reading a message, as homes send them that are heard; and 60 rows a message, as homes send a backlog. */
const shapes: Record<string, Shape> = {
  "1 row a message": { homes: 1000, messagesEach: 60, rowsEach: 1 },
  "60 rows a message": { homes: 200, messagesEach: 10, rowsEach: 60 },
};
const filter = topicFilter(benchAggregator, "+", "up");
const insertRows = 1000;

/** Reads what waits at the broker, in a process of its own. */
async function readApart(url: string, clientId: string, shape: Shape): Promise<BareRead>;
async function readApart(url: string, clientId: string, shape: Shape, place: DatabasePlace): Promise<IntakeRead>;
async function readApart(url: string, clientId: string, shape: Shape, place?: DatabasePlace): Promise<BareRead> {
  await keptSession(url, clientId, filter);
  const count = await queueAtBroker(url, benchMessages(shape));
  const reading: Reading = { url, clientId, count, shape, ...(place && { place }) };
  const file = join(import.meta.dirname, "intake-reader.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(reading)]);
  await forget(url, clientId);
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
  for (const [name, shape] of Object.entries(shapes)) {
    const { rate: raw } = await readApart(broker.url, "raw", shape);
    for (const engine of ["sqlite", "postgres"] as const) {
      if (engine === "postgres" && !server) continue;
      const id = `${engine}_${shape.rowsEach}`;
      const place: DatabasePlace =
        engine === "sqlite" ? { engine, file: join(folder, `${id}.db`) } : { engine, url: server?.database(id) ?? "" };
      const own = await readApart(broker.url, `aggregator-${benchAggregator}`, shape, place);
      const plain = await plainRate(place, shape);
      const slower = Math.min(raw, plain);
      rows.push({
        "what comes": name,
        database: engine,
        "intake, messages/s": Math.round(own.rate),
        "rows/s": Math.round(own.rate * shape.rowsEach),
        "mqtt.js alone, messages/s": Math.round(raw),
        "plain inserts, messages/s": Math.round(plain),
        "intake / slower": rounded(own.rate / slower),
        "messages a receipt": rounded((shape.homes * shape.messagesEach) / own.receipts),
        "cpu ms a message": rounded(own.cpuMs),
      });
      claims.push(
        atLeast(`${name}, ${engine}: intake / the slower of mqtt.js alone and plain inserts`, own.rate / slower, 0.5),
        atMost(`${name}, ${engine}: rows missing`, own.missing, 0),
        atMost(`${name}, ${engine}: messages refused`, own.refused, 0),
      );
    }
  }
  return { rows, claims };
}
