import Database from "better-sqlite3";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { scratchStore } from "../rows.ts";

const deed = { atMs: 5, who: "cli ann", action: "control.pause", site: "a", detail: { scope: "home" } } as const;
const word = { word: "pause", scope: { kind: "home", name: "a" }, atMs: 5, untilMs: null, limitW: null } as const;

it("notes what was done with the deed itself, both or neither", async () => {
  const { store, reopen } = await scratchStore();
  expect(
    await store.audited(
      (part) => part.addWord(word),
      (id) => ({ ...deed, detail: { id } }),
    ),
  ).toBe(1);
  // Nothing was ended, so nothing is noted.
  await store.audited(
    (part) => part.endWords({ kind: "all" }, 6),
    (ended) => (ended > 0 ? deed : null),
  );
  const torn = store.audited(
    (part) => part.addWord(word),
    () => {
      throw new Error("no deed");
    },
  );
  await expect(torn).rejects.toThrow("no deed");
  const again = await reopen();
  expect(await again.auditAfter(0, 10)).toEqual([{ id: expect.any(Number), ...deed, detail: { id: 1 } }]);
  expect(await again.wordsAt(10)).toHaveLength(1);
});

it("takes what has a transaction of its own into the same one", async () => {
  const { store } = await scratchStore();
  const torn = store.audited(
    (part) => part.eraseSite("a", 5),
    () => {
      throw new Error("no deed");
    },
  );
  await expect(torn).rejects.toThrow("no deed");
  expect(await store.erasedSites()).toEqual([]);
  await store.audited(
    (part) => part.eraseSite("a", 5),
    (rows) => ({ ...deed, action: "erase.readings", detail: { rows } }),
  );
  expect(await store.erasedSites()).toEqual(["a"]);
});

it("gives entries in pages, newest first or from a number on, of one home or of all", async () => {
  const { store } = await scratchStore();
  for (const [index, site] of ["a", "b", "a", null].entries())
    await store.audited(
      async () => index,
      () => ({ ...deed, site, atMs: index }),
    );
  const newest = await store.newestAudit();
  const page = await store.audit({ limit: 2 });
  expect(page.map(({ atMs }) => atMs)).toEqual([3, 2]);
  expect((await store.audit({ limit: 9, before: page[1]?.id ?? 0 })).map(({ atMs }) => atMs)).toEqual([1, 0]);
  expect((await store.audit({ limit: 9, site: "a" })).map(({ atMs }) => atMs)).toEqual([2, 0]);
  expect((await store.auditAfter(newest - 1, 9)).map(({ atMs }) => atMs)).toEqual([3]);
  expect((await store.auditAfter(newest, 9)).length).toBe(0);
});

it("is append-only: the database refuses to change or delete an entry", async () => {
  const { store, place } = await scratchStore();
  await store.audited(
    async () => 1,
    () => deed,
  );
  const run = await rawSql(place);
  for (const sql of ["update audit_entry set who = 'nobody'", "delete from audit_entry"])
    await expect(run(sql)).rejects.toThrow("append-only");
  expect(await store.auditAfter(0, 10)).toHaveLength(1);
});

/** The database without this program around it. */
async function rawSql(place: Awaited<ReturnType<typeof scratchStore>>["place"]): Promise<(sql: string) => Promise<unknown>> {
  if (place.engine === "sqlite") {
    const database = new Database(place.file);
    onTestFinished(() => void database.close());
    return async (sql) => database.prepare(sql).run();
  }
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  onTestFinished(() => client.end());
  return (sql) => client.query(sql);
}
