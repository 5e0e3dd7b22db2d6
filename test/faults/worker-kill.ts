import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { Receipt } from "../../core/message/measurements.ts";
import { startMosquitto, type Mosquitto } from "../fake/mosquitto.ts";
import { postgresFolder, startPostgres } from "../fake/postgres.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { aggregatorId } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery, type Delivery } from "./delivery.ts";
import { hurried } from "./hurried.ts";
import { workerProcesses } from "./worker-processes.ts";

const workers = 3;
const sites = Array.from({ length: 6 }, (_, at) => `gw-${at + 1}`);
/** Each home adds so many rows every so often. */
const rowsAtOnce = 20;
const rowsEveryMs = 100;
const longestRunMs = 900;
const drainMs = 120_000;

/**
 * kill -9 of one of three workers, again and again, at random moments under load: a real Mosquitto with TLS, a real PostgreSQL,
 * and six homes with the agent's own outbox and delivery. Each row is there once, and no receipt ever says more than what is
 * stored.
 */
export async function workerKill(options: { kills: number; seed: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-worker-kill-"));
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
  await Promise.all(Array.from({ length: workers }, (_, index) => team.start(index)));

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
  const underWay: number[] = [];
  for (let kill = 0; kill < options.kills; kill++) {
    await delay(random() * longestRunMs);
    underWay.push(homes.reduce((sum, { outbox }) => sum + outbox.size(), 0));
    const victim = Math.floor(random() * workers);
    await team.stop(victim, "SIGKILL");
    await team.start(victim);
  }
  clearInterval(adding);
  await until("every row has its receipt", () => homes.every(({ outbox }) => outbox.size() === 0), drainMs).catch(
    () => undefined,
  );
  const stuck = homes.reduce((sum, { outbox }) => sum + outbox.size(), 0);
  await receipts.settled();
  const reader = new pg.Client({ connectionString: postgresUrl });
  await reader.connect();
  opened.defer(() => reader.end());
  const bodies = await reader.query<{ rows: string; different: string }>(
    `select count(*) as rows, count(distinct body::json ->> 'reason') as different from item`,
  );
  const held = await reader.query<{ holders: string }>(
    `select count(distinct holder) as holders from lease where name like 'homes %' and holder <> ''`,
  );
  const [count] = bodies.rows;
  return [
    atMost(
      `worker-kill: rows lost of ${added}, over ${options.kills} kills of ${workers} workers`,
      added - Number(count?.different),
      0,
    ),
    atMost("worker-kill: rows there twice", Number(count?.rows) - Number(count?.different), 0),
    atMost("worker-kill: rows without a receipt at the end", stuck, 0),
    atMost(`worker-kill: receipts, of ${receipts.heard()}, for more than was stored when they came`, receipts.wrong(), 0),
    // Two workers may answer one home at once; the later word holds the earlier one, too.
    atMost(
      "worker-kill: share of receipts that another worker's newer one overtook",
      receipts.overtaken() / receipts.heard(),
      0.1,
    ),
    atLeast("worker-kill: workers that hold homes at the end (at least)", Number(held.rows[0]?.holders), 2),
    atLeast("worker-kill: rows under way at a kill, mean (at least)", mean(underWay), rowsAtOnce),
  ];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Hears all receipts beside the homes, and asks the database at once whether they are true. */
async function watchReceipts(broker: Mosquitto, postgresUrl: string) {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 4 });
  let heard = 0;
  let wrong = 0;
  let overtaken = 0;
  const newest = new Map<string, number>();
  const asking = new Set<Promise<void>>();
  const ask = async (site: string, { boot, seq }: Receipt): Promise<void> => {
    const { rows } = await pool.query<{ rows: string }>(
      "select count(*) as rows from item where site = $1 and boot = $2 and seq <= $3",
      [site, boot, seq],
    );
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
