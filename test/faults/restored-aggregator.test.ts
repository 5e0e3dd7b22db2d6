import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { realClock } from "../../core/clock/real-clock.ts";
import { startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { aggregatorProcess } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery } from "./delivery.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const site = "gw-1";
const item = { kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x" } as const;
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, at) => from + at);

it.skipIf(!mosquitto || !openssl)(
  "goes on with an aggregator whose database was put back from a backup: homes believe it, and it says what it has lost",
  { timeout: 60_000 },
  async () => {
    const folder = scratch("restored-aggregator");
    const broker = await startMosquitto({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    onTestFinished(() => broker.stop());
    const aggregator = await aggregatorProcess({
      folder: join(folder, "aggregator"),
      broker: brokerFiles(broker, "aggregator"),
      sites: [site],
    });
    onTestFinished(() => aggregator.stop());
    const home = join(folder, "home");
    mkdirSync(home);
    const files = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: aggregator.publicJwk };
    const delivery = await startDelivery(files, { clock: realClock({ onError: () => undefined }), log: silentLog() });
    onTestFinished(() => delivery.stop());
    const deliver = async (rows: number): Promise<void> => {
      for (let row = 0; row < rows; row++) delivery.outbox.add(item);
      delivery.pump();
      await until("every row has its receipt", () => delivery.outbox.size() === 0, 20_000);
    };
    const backup = join(folder, "backup.db");
    await aggregator.start();
    await deliver(100);
    await aggregator.stop();
    copyFileSync(aggregator.databaseFile, backup);
    await aggregator.start();
    await deliver(300);
    await aggregator.stop("SIGKILL");
    for (const part of ["", "-wal", "-shm"]) rmSync(aggregator.databaseFile + part, { force: true });
    copyFileSync(backup, aggregator.databaseFile);
    await aggregator.start();
    await deliver(50);
    expect(aggregator.rows().map(({ seq }) => seq)).toEqual([...upTo(100), ...upTo(450, 401)]);
    const db = new Database(aggregator.databaseFile, { readonly: true });
    onTestFinished(() => void db.close());
    expect(db.prepare("select from_seq, to_seq, reason from gap").all()).toEqual([
      { from_seq: 101, to_seq: 400, reason: "receipted before, not in this database" },
    ]);
  },
);
