import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppError, errorCode } from "../../core/app-error.ts";
import { openPostgres } from "../../aggregator/store/open-postgres.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { type Postgres, postgresFolder, startPostgres } from "../fake/postgres.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { message, sampleItem, slotItem } from "./rows.ts";

const programs = postgresFolder();

describe.skipIf(programs === undefined)(`PostgreSQL${programs === undefined ? " (not installed)" : ""}`, () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await startPostgres(programs ?? "");
  });
  afterAll(() => server.stop());
  const open = (url: string) => openStore({ engine: "postgres", url });

  it("makes its tables once, however many programs start together, readings in 16 parts", async () => {
    const url = server.database("many");
    const stores = await Promise.all(Array.from({ length: 6 }, () => open(url)));
    await Promise.all(stores.map((store) => store.close()));
    expect(server.psql("many", "select count(*) = max(version) from schema_version")).toBe("t\n");
    expect(server.psql("many", "select count(*) from pg_inherits where inhparent = 'item'::regclass")).toBe("16\n");
  });

  it("takes rows of one home from several programs at once: each is kept once and nothing is receipted that is missing", async () => {
    const url = server.database("crossing");
    const stores = await Promise.all(Array.from({ length: 3 }, () => open(url)));
    const numbers = Array.from({ length: 300 }, (_, index) => index + 1);
    const answers = await Promise.all(
      numbers.flatMap((seq) =>
        stores.map((store) => store.ingest("home", message([seq % 10 === 0 ? slotItem(seq, seq, seq) : sampleItem(seq)]))),
      ),
    );
    expect(answers.reduce((sum, { added }) => sum + added, 0)).toBe(300);
    expect(Math.max(...answers.map(({ contiguousSeq }) => contiguousSeq))).toBe(300);
    expect(await stores[0]?.itemCounts()).toEqual([{ site: "home", rows: 300 }]);
    const reserved = await Promise.all(stores.flatMap((store) => [10, 20, 30].map((count) => store.reserveSequence(count, 1))));
    expect(new Set(reserved).size).toBe(9);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("has on its disk what it said to have, when the server is killed", async () => {
    const url = server.database("killed");
    const store = await open(url);
    for (let seq = 1; seq <= 50; seq++) await store.ingest("home", message([sampleItem(seq)]));
    await server.kill();
    await expect(store.itemCounts()).rejects.toBeInstanceOf(Error);
    await server.start();
    expect(await store.itemCounts()).toEqual([{ site: "home", rows: 50 }]);
    await store.close();
  });

  it("asks a silent server whether it is still there", async () => {
    const store = await open(server.database("silent"));
    const port = server.port.toString(16).toUpperCase().padStart(4, "0");
    // Columns: number, own address, other address, state, queues, timer (02: keepalive).
    const timers = (): (string | undefined)[] =>
      readFileSync("/proc/self/net/tcp", "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , other, state]) => other?.endsWith(`:${port}`) && state === "01")
        .map(([, , , , , timer]) => timer?.slice(0, 2));
    await until("each connection has a timer", () => timers().length > 0 && timers().every((timer) => timer === "02"));
    await store.close();
  });

  it("outlives a connection that breaks in the middle of work, between two statements: that work alone fails", async () => {
    const db = await openPostgres({ engine: "postgres", url: server.database("broken") });
    const work = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      server.psql("broken", `select pg_terminate_backend(${rows[0]?.pid})`);
      // No statement is under way when the program hears of it.
      await until("the server has let it go", async () => {
        const { rows: others } = await sql<{ pid: number }>`select pid from pg_stat_activity`.execute(db);
        return !others.some(({ pid }) => pid === rows[0]?.pid);
      });
      return sql`select 1`.execute(tx);
    });
    await expect(work).rejects.toBeInstanceOf(Error);
    await sql`select 1`.execute(db);
    await db.destroy();
  });

  it("says what is wrong with a server that is away, too new or forgetful", async () => {
    const away = await open("postgres://postgres:secret@127.0.0.1:1/none").catch((error: unknown) => error);
    expect(away).toMatchObject({ code: "store-unusable", temporary: true, message: expect.not.stringContaining("secret") });
    const url = server.database("newer");
    await (await open(url)).close();
    server.psql("newer", "insert into schema_version values (999)");
    expect(await open(url).catch(errorCode)).toBe("store-too-new");
    const forgetful = server.database("forgetful");
    server.psql("postgres", "alter database forgetful set synchronous_commit = off");
    expect(await open(forgetful).catch(errorCode)).toBe("store-not-durable");
  });

  it("reads its password from a file, and says so where there is none", async () => {
    const passwordFile = join(scratch("password"), "password");
    const url = server.database("locked");
    const missing = await openStore({ engine: "postgres", url, passwordFile }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(AppError);
    writeFileSync(passwordFile, "trusted anyway\n", { mode: 0o600 });
    await (await openStore({ engine: "postgres", url, passwordFile })).close();
  });

  it("shows the server its password, whatever is in it", async () => {
    const password = "/+%41 &?#=@:";
    const passwordFile = join(scratch("password"), "password");
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    server.psql("postgres", `create role guarded login password '${password}'`);
    server.psql("postgres", "create database guarded owner guarded");
    const rules = server.psql("postgres", "show hba_file").trim();
    writeFileSync(rules, `host all guarded 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, "utf8")}`);
    server.psql("postgres", "select pg_reload_conf()");
    const url = `postgres://guarded@127.0.0.1:${server.port}/guarded`;
    await until("the server asks for it", async () => (await open(url).catch(errorCode)) === "store-unusable");
    await (await openStore({ engine: "postgres", url, passwordFile })).close();
    writeFileSync(passwordFile, "another");
    const wrong = await openStore({ engine: "postgres", url, passwordFile }).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: "store-unusable", message: expect.not.stringContaining("another") });
  });
});
