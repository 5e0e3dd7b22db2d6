import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { atMost, type Claim } from "../../bench/report.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { Receipt } from "../../core/message/measurements.ts";
import { startMosquitto, type Mosquitto } from "../fake/mosquitto.ts";
import { type Postgres, postgresFolder, startPostgres } from "../fake/postgres.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { aggregatorId } from "./aggregator-files.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery, type Delivery } from "./delivery.ts";
import { hurried } from "./hurried.ts";
import { type WorkerProcesses, workerProcesses } from "./worker-processes.ts";

const sites = Array.from({ length: 6 }, (_, at) => `gw-${at + 1}`);
/** Each home adds so many rows every so often. */
export const rowsAtOnce = 20;
const rowsEveryMs = 100;
const drainMs = 120_000;

/** Workers on a real Mosquitto with TLS and a real PostgreSQL, and homes with the agent's own outbox and delivery, under load. */
export interface WorkerRig {
  team: WorkerProcesses;
  broker: Mosquitto;
  database: Postgres;
  /** Rows that wait for a receipt, of all homes. */
  waiting(): number;
  /** Ends the load, waits for the last receipt, and says what became of all rows. */
  judge(name: string): Promise<Claim[]>;
  stop(): Promise<void>;
}

export async function workerRig(options: { workers: number; mosquitto: string; openssl: string }): Promise<WorkerRig> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-workers-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await startMosquitto(options);
  opened.defer(() => broker.stop());
  const database = await startPostgres(postgresFolder() ?? "");
  opened.defer(() => database.stop());
  const postgresUrl = database.database("workers");
  const team = await workerProcesses({
    folder: join(folder, "aggregator"),
    broker: brokerFiles(broker, "aggregator"),
    postgresUrl,
    sites,
    leaseS: 3,
  });
  opened.defer(() => team.stopAll());
  await Promise.all(Array.from({ length: options.workers }, (_, index) => team.start(index)));
  const log = silentLog();
  const clock = hurried(realClock({ onError: (error) => log.error({ error: String(error) }, "job failed") }));
  const homes: Delivery[] = [];
  for (const site of sites) {
    const home = join(folder, site);
    mkdirSync(home);
    const files = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: team.publicJwk };
    const delivery = await startDelivery(files, { clock, log });
    opened.defer(() => delivery.stop());
    homes.push(delivery);
  }
  const receipts = await watchReceipts(broker, postgresUrl);
  opened.defer(() => receipts.stop());
  await until("all homes are connected", () => homes.every((home) => home.connected()));
  let added = 0;
  const adding = setInterval(() => {
    for (const { outbox, pump } of homes) {
      for (let row = 0; row < rowsAtOnce; row++, added++)
        outbox.add({ kind: "switch", resource: "boiler", at: new Date(added).toISOString(), on: true, reason: `row ${added}` });
      pump();
    }
  }, rowsEveryMs);
  opened.defer(() => clearInterval(adding));
  const waiting = (): number => homes.reduce((sum, { outbox }) => sum + outbox.size(), 0);
  const all = opened.move();
  return {
    team,
    broker,
    database,
    waiting,
    async judge(name) {
      clearInterval(adding);
      await until("every row has its receipt", () => waiting() === 0, drainMs).catch(() => undefined);
      await receipts.settled();
      const rows = Number(database.psql("workers", "select count(*) from item"));
      const different = Number(database.psql("workers", "select count(distinct body::json ->> 'reason') from item"));
      return [
        atMost(`${name}: rows lost of ${added}`, added - different, 0),
        atMost(`${name}: rows there twice`, rows - different, 0),
        atMost(`${name}: rows without a receipt at the end`, waiting(), 0),
        atMost(`${name}: receipts, of ${receipts.heard()}, for more than was stored when they came`, receipts.wrong(), 0),
        // Two workers may answer one home at once; the later word holds the earlier one, too.
        atMost(
          `${name}: share of receipts that another worker's newer one overtook`,
          receipts.overtaken() / receipts.heard(),
          0.2,
        ),
      ];
    },
    stop: () => all.disposeAsync(),
  };
}

/** Hears all receipts beside the homes, and asks the database at once whether they are true. */
async function watchReceipts(broker: Mosquitto, postgresUrl: string) {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 });
  pool.on("error", () => undefined);
  let heard = 0;
  let wrong = 0;
  let overtaken = 0;
  const newest = new Map<string, number>();
  const asking = new Set<Promise<void>>();
  const ask = async (site: string, { boot, seq }: Receipt): Promise<void> => {
    const query = "select count(*) as rows from item where site = $1 and boot = $2 and seq <= $3";
    // What it said was true before a server that is away now went away.
    const found = await pool.query<{ rows: string }>(query, [site, boot, seq]).catch(() => null);
    if (!found) return;
    const { rows } = found;
    if (Number(rows[0]?.rows) !== seq) wrong++;
  };
  const clients = await Promise.all(
    sites.map(async (site) => {
      const client = await broker.clientOf(site, { clientId: `watch-${site}` });
      client.on("message", (_topic, payload) => {
        heard++;
        const [, claims = ""] = payload.toString().split(".");
        const { body, seq } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { body: unknown; seq: number };
        if (seq < (newest.get(site) ?? 0)) overtaken++;
        else newest.set(site, seq);
        const question = ask(site, Receipt.parse(body)).finally(() => asking.delete(question));
        asking.add(question);
      });
      await client.subscribeAsync(`sma/1/${aggregatorId}/${site}/dn/receipt`, { qos: 1 });
      return client;
    }),
  );
  return {
    heard: () => heard,
    wrong: () => wrong,
    overtaken: () => overtaken,
    settled: async () => void (await Promise.all(asking)),
    async stop() {
      await Promise.all(clients.map((client) => client.endAsync(true)));
      await Promise.allSettled(asking);
      await pool.end();
    },
  };
}
