import { existsSync } from "node:fs";
import { SqliteError } from "better-sqlite3";
import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { atomicWrites } from "../../../agent/store/atomic-writes.ts";
import { openOutbox } from "../../../agent/store/outbox.ts";
import { retention } from "../../../agent/store/retention.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";

const nowMs = 200 * 86_400_000;
const keep = { rawMs: Infinity, minuteMs: Infinity, quarterMs: Infinity };

/** A database that may not grow: SQLite then fails as on a full disk. */
function full(samples: number, waiting = 0) {
  const db = openStore();
  const outbox = openOutbox(db, "22222222-2222-4222-8222-222222222222", 0);
  db.exec("insert into ledger values ('grid', '{}')");
  const add = db.prepare("insert into sample values ('grid', ?, 0, 1, 1, 1, 'valid', 1)");
  db.transaction(() => {
    for (let i = 0; i < samples; i++) add.run(nowMs - 5 * 86_400_000 + i * 1000);
  })();
  const waits = db.prepare("insert into outbox values ('b', ?, ?)");
  db.exec("insert into boot values ('b', 1, 1, 5000, 0)");
  db.transaction(() => {
    for (let seq = 1; seq <= waiting; seq++)
      waits.run(seq, JSON.stringify({ kind: "sample", seq, at: new Date(seq).toISOString() }));
  })();
  db.pragma(`max_page_count = ${String(db.pragma("page_count", { simple: true }))}`);
  const log = silentLog();
  let released = 0;
  const told: unknown[] = [];
  const atomically = atomicWrites({
    db,
    file: db.name,
    outbox,
    retention: retention(db, keep),
    giveUp: () => outbox.giveUp(2000),
    reserve: { release: () => released++ === 0 && samples + waiting > 0 },
    clock: { now: () => nowMs },
    log,
    broken: (error) => told.push(error.code),
  });
  const rows = (): unknown[] =>
    db
      .prepare<[], { body: string }>("select body from outbox order by seq")
      .all()
      .map(({ body }) => JSON.parse(body) as unknown);
  const slots = (from: number): void => {
    for (let i = 0; i < 500; i++)
      db.prepare("insert into slot values ('grid', 'import', ?, 0, 1, 'valid', 1)").run((from + i) * 900_000);
  };
  const count = (table: string): number => db.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get()?.n ?? -1;
  return { atomically, slots, count, rows, log, told, db, outbox };
}

it("makes room for what must be kept by thinning readings", () => {
  const { atomically, slots, count, log } = full(20_000);
  atomically(() => slots(0));
  expect(count("slot")).toBe(500);
  expect(count("sample")).toBeLessThan(20_000);
  expect(count("sample")).toBeGreaterThan(10_000);
  expect(log.lines).toMatchObject([{ level: "warn", fields: { code: "store-full", reserve: true } }]);
});

it("writes receipts with what is written anyway", () => {
  const { atomically, outbox, rows } = full(5000, 100);
  outbox.delivered("b", 60);
  expect(rows()).toHaveLength(100);
  atomically(() => undefined);
  expect(rows()).toHaveLength(40);
});

it("takes the room of receipted rows before it touches a reading", () => {
  const { atomically, slots, count, outbox, rows, log } = full(5000, 900);
  outbox.delivered("b", 900);
  atomically(() => slots(0));
  expect([count("slot"), count("sample"), rows()]).toEqual([500, 5000, []]);
  expect(log.lines).toEqual([]);
});

it("gives up single readings that wait to be delivered last of all, and says which", () => {
  const { atomically, slots, count, rows } = full(0, 3000);
  atomically(() => slots(0));
  expect(count("slot")).toBe(500);
  expect(rows().slice(0, 2)).toEqual([
    {
      kind: "gap",
      seq: 1,
      through: 2000,
      from: "1970-01-01T00:00:00.001Z",
      to: "1970-01-01T00:00:02.000Z",
      reason: "no room on the gateway's disk",
    },
    { kind: "sample", seq: 2001, at: "1970-01-01T00:00:02.001Z" },
  ]);
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
