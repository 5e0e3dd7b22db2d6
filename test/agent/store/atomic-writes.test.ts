import { existsSync } from "node:fs";
import { SqliteError } from "better-sqlite3";
import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { atomicWrites } from "../../../agent/store/atomic-writes.ts";
import { retention } from "../../../agent/store/retention.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const nowMs = 200 * 86_400_000;
const keep = { rawMs: Infinity, minuteMs: Infinity, quarterMs: Infinity };

/** A database that may not grow: SQLite then fails as on a full disk. */
function full(samples: number) {
  const db = openStore();
  db.exec("insert into ledger values ('grid', '{}')");
  const add = db.prepare("insert into sample values ('grid', ?, 0, 1, 1, 1, 'valid', 1)");
  db.transaction(() => {
    for (let i = 0; i < samples; i++) add.run(nowMs - 5 * 86_400_000 + i * 1000);
  })();
  db.pragma(`max_page_count = ${String(db.pragma("page_count", { simple: true }))}`);
  const log = silentLog();
  let released = 0;
  const told: unknown[] = [];
  const atomically = atomicWrites({
    db,
    file: db.name,
    retention: retention(db, keep),
    reserve: { release: () => released++ === 0 && samples > 0 },
    clock: { now: () => nowMs },
    log,
    broken: (error) => told.push(error.code),
  });
  const slots = (from: number): void => {
    for (let i = 0; i < 500; i++)
      db.prepare("insert into slot values ('grid', 'import', ?, 0, 1, 'valid', 1)").run((from + i) * 900_000);
  };
  const count = (table: string): number => db.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get()?.n ?? -1;
  return { atomically, slots, count, log, told, db };
}

it("makes room for what must be kept by thinning readings", () => {
  const { atomically, slots, count, log } = full(20_000);
  atomically(() => slots(0));
  expect(count("slot")).toBe(500);
  expect(count("sample")).toBeLessThan(20_000);
  expect(count("sample")).toBeGreaterThan(10_000);
  expect(log.lines).toMatchObject([{ level: "warn", fields: { code: "store-full", reserve: true } }]);
});

it("says that the disk is full when there is nothing to give, and writes none of it", () => {
  const { atomically, slots, count } = full(0);
  let code = "written";
  try {
    atomically(() => slots(0));
  } catch (error) {
    code = errorCode(error);
  }
  expect([code, count("slot")]).toEqual(["store-full", 0]);
});

it("tells of a broken page and leaves a mark for the next start", () => {
  const { atomically, told, db } = full(0);
  const broken = (): never => {
    throw new SqliteError("database disk image is malformed", "SQLITE_CORRUPT_INDEX");
  };
  expect(() => atomically(broken)).toThrow("is damaged");
  expect([told, existsSync(`${db.name}.broken`)]).toEqual([["store-damaged"], true]);
});

it("hands on what else the writes throw", () => {
  const { atomically } = full(0);
  const wrong = new RangeError("mine");
  expect(() =>
    atomically(() => {
      throw wrong;
    }),
  ).toThrow(wrong);
});
