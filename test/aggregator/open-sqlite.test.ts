import Database from "better-sqlite3";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sql } from "kysely";
import { errorCode } from "../../core/app-error.ts";
import { openSqlite } from "../../aggregator/store/open-sqlite.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { holdDatabase } from "../fake/hold-database.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { boiler, planOf } from "./plans.ts";
import { message, sampleItem } from "./rows.ts";

const open = (file: string) => openStore({ engine: "sqlite", file });

it("makes its file for itself alone, and says store-unusable where it cannot, store-too-new for a newer one", async () => {
  const file = join(scratch("aggregator"), "data.db");
  await (await open(file)).close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const raw = new Database(file);
  expect(raw.pragma("journal_mode", { simple: true })).toBe("wal");
  raw.pragma("user_version = 999");
  raw.close();
  expect(await open(file).catch(errorCode)).toBe("store-too-new");
  writeFileSync(`${file}.text`, "this is no database, but long enough to be taken for one".repeat(10));
  expect(await open(`${file}.text`).catch(errorCode)).toBe("store-unusable");
  expect(await open(`${file}.text/data.db`).catch(errorCode)).toBe("store-unusable");
});

it("gives pages of deleted rows back to the disk, some at a time", async () => {
  const file = join(scratch("pages"), "data.db");
  const store = await openStore({ engine: "sqlite", file });
  for (let at = 0; at < 20; at++)
    await store.ingest("a", message(Array.from({ length: 500 }, (_, index) => sampleItem(at * 500 + index + 1))));
  while ((await store.deleteReadings("a", Infinity, { limit: 500 })) === 500);
  const look = new Database(file, { readonly: true });
  const free = (): unknown => look.pragma("freelist_count", { simple: true });
  const before = Number(free());
  store.freePages();
  expect([before > 100, free()]).toEqual([true, 0]);
  look.close();
  await store.close();
});

it("waits for another program that has the lock, single statements and transactions, and holds up nothing else meanwhile", async () => {
  const file = join(scratch("locked"), "data.db");
  const store = await open(file);
  const held = await holdDatabase({ engine: "sqlite", file });
  let written = 0;
  const writing = [
    store.saveResource("a", boiler),
    store.ingest("a", message([sampleItem(1)])),
    store.savePlans("a", [planOf("boiler", 1)], 0),
    store.reserveSequence(10, 0),
  ].map(async (one) => {
    await one;
    written++;
  });
  let turns = 0;
  const turning = setInterval(() => turns++, 5);
  await until("other work goes on", () => turns >= 60);
  clearInterval(turning);
  expect(written).toBe(0);
  await held.release();
  await Promise.all(writing);
  expect([await store.itemCounts(), (await store.plans("a")).length]).toEqual([[{ site: "a", rows: 1 }], 1]);
  await store.close();
});

it("says that the disk is full, and not that a transaction which that ended is no more", async () => {
  const { db } = await openSqlite(join(scratch("full"), "data.db"));
  await sql`pragma max_page_count = 1`.execute(db);
  const status = { site: "a", resource: "boiler", body: "x".repeat(100_000) };
  const filling = db.transaction().execute((tx) => tx.insertInto("status").values(status).execute());
  expect(await filling.catch(({ code }: { code: unknown }) => code)).toBe("SQLITE_FULL");
  expect(await db.selectFrom("status").select("site").execute()).toEqual([]);
  await db.destroy();
});
