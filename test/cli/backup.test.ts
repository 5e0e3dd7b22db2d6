import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { backUp } from "../../agent/store/copy-database.ts";
import { holdStore } from "../../agent/store/settlement-hold.ts";
import { markDamaged, openSound } from "../../agent/store/open-sound.ts";
import { migrations } from "../../agent/store/migrations.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";
import { cliOf } from "./house-config.ts";

/** A gateway whose database was written; nothing runs. */
function gateway() {
  const folder = scratch("backup");
  const config = writeGateway(folder, gatewayYaml());
  const database = join(folder, "state", "data.db");
  const write = (sql: string): void => {
    const db = openDatabase(database);
    db.exec(sql);
    db.close();
  };
  write(
    "insert into ledger values ('grid', '{}'); insert into replay values ('k', 'price', 5, 'old'), ('k', 'limit', 9, 'same')",
  );
  const ask = (...args: string[]) => runCli([...args, "-c", config]);
  return { folder, database, write, ask, copy: join(folder, "copy.db"), state: join(folder, "state") };
}
const all = (file: string, sql: string): unknown[] => {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
};

describe("backup", { timeout: 60_000 }, () => {
  it("copies the database of a running agent whole, for its own user only", async () => {
    const house = await agentHouse();
    const agent = await house.start();
    for (let i = 0; i < 20; i++) {
      await house.hear(agent, 100_000 + i);
      await house.clock.advance(1000);
    }
    const copy = join(house.folder, "copy.db");
    const { code, out } = await cliOf(house).ask("backup", copy);
    expect([code, out]).toEqual([0, expect.stringMatching(/copy\.db: \d+ bytes, read back whole; sample \d+, slot 0, outbox 0/)]);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(all(copy, "select count(*) as n from sample")).toEqual(all(house.databaseFile, "select count(*) as n from sample"));
    expect(all(copy, "select count(*) as n from sample")).not.toEqual([{ n: 0 }]);
  });

  it("is at no moment readable for others, not while it is being written either", () => {
    const { database, copy, folder } = gateway();
    const modes = new Set<number>();
    const before = process.umask(0o022);
    try {
      const watched = new Proxy(Database.prototype.prepare, {
        apply(prepare, db: Database.Database, given: [string]) {
          const statement = Reflect.apply(prepare, db, given);
          if (!given[0].startsWith("vacuum")) return statement;
          const run = statement.run.bind(statement);
          statement.run = (...values: unknown[]) => {
            const result = run(...values);
            // The copy is whole and nothing has been done with it yet.
            for (const name of readdirSync(folder).filter((one) => one.startsWith("copy.db")))
              modes.add(statSync(join(folder, name)).mode & 0o777);
            return result;
          };
          return statement;
        },
      });
      vi.spyOn(Database.prototype, "prepare").mockImplementation(watched);
      backUp(database, copy);
    } finally {
      process.umask(before);
      vi.restoreAllMocks();
    }
    expect([...modes]).toEqual([0o600]);
  });

  it("writes over nothing, and leaves no half of a file", async () => {
    const { ask, copy, folder, database } = gateway();
    writeFileSync(copy, "precious");
    expect(await ask("backup", copy)).toMatchObject({ code: 2, err: expect.stringContaining("backup-exists") as string });
    expect(readFileSync(copy, "utf8")).toBe("precious");
    const nowhere = await ask("backup", join(folder, "nowhere", "copy.db"));
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringMatching(/^store-unusable: no folder .*nowhere/) as string });
    writeFileSync(database, Buffer.alloc(8192, 7));
    expect(await ask("backup", join(folder, "other.db"))).toMatchObject({
      err: expect.stringContaining("store-damaged") as string,
    });
    expect(readdirSync(folder).filter((name) => name.includes("other"))).toEqual([]);
  });
});

describe("restore", { timeout: 60_000 }, () => {
  it("puts the copy back, sets aside what was there, and holds settlement", async () => {
    const { ask, copy, database, write, state } = gateway();
    await ask("backup", copy);
    write("insert into ledger values ('later', '{}')");
    const { code, out } = await ask("restore", copy, "--json");
    const { aside } = JSON.parse(out) as { aside: string };
    expect(code).toBe(0);
    expect(all(database, "select meter from ledger")).toEqual([{ meter: "grid" }]);
    expect(all(aside, "select count(*) as n from ledger")).toEqual([{ n: 2 }]);
    expect(statSync(database).mode & 0o777).toBe(0o600);
    expect(readdirSync(state).filter((name) => name.includes("part"))).toEqual([]);
    const db = openDatabase(database);
    expect(holdStore(db).held()?.reason).toBe("the database was restored from a backup");
    db.close();
  });

  it("keeps control messages seen that were seen since", async () => {
    const { ask, copy, database, write } = gateway();
    await ask("backup", copy);
    write(
      "update replay set seq = 8, hash = 'new' where topic = 'price'; insert into replay values ('k', 'instr/boiler', 3, 'x')",
    );
    await ask("restore", copy);
    expect(all(database, "select topic, seq, hash from replay order by topic")).toEqual([
      { topic: "instr/boiler", seq: 3, hash: "x" },
      { topic: "limit", seq: 9, hash: "same" },
      { topic: "price", seq: 8, hash: "new" },
    ]);
  });

  it("keeps a consent taken back that was taken back since, in the order in which things were said", async () => {
    const { ask, copy, database, write } = gateway();
    write("insert into consent (scope, at_ms, body, text) values ('readings', 1, '{}', 'given')");
    await ask("backup", copy);
    write("insert into consent (scope, at_ms, body, text) values ('readings', 2, '{}', 'taken back')");
    write("insert into consent (scope, at_ms, body, text) values ('appliances', 3, '{}', 'given too')");
    await ask("restore", copy);
    expect(all(database, "select scope, text from consent order by id")).toEqual([
      { scope: "readings", text: "given" },
      { scope: "readings", text: "taken back" },
      { scope: "appliances", text: "given too" },
    ]);
  });

  it("keeps what was signed since, and countersignatures that came since", async () => {
    const { ask, copy, database, write } = gateway();
    const insert = (seq: number, own: string, other: string) =>
      write(`insert into record values ('a-b', ${seq}, 'd${seq}', '{}', '{}', ${own}, ${other}, ${seq})`);
    insert(1, "'own 1'", "null");
    await ask("backup", copy);
    write("update record set other_signature = 'other 1' where seq = 1; insert into cosigned values ('d1', 5)");
    insert(2, "'own 2'", "'other 2'");
    insert(3, "'own 3'", "null");
    write("insert into newest_statement values ('a-b', 2, 'd2', 7, 'said', 8, null, null, null)");
    await ask("restore", copy);
    expect(all(database, "select seq, own_signature as own, other_signature as other from record order by seq")).toEqual([
      { seq: 1, own: "own 1", other: "other 1" },
      { seq: 2, own: "own 2", other: "other 2" },
      { seq: 3, own: "own 3", other: null },
    ]);
    expect(all(database, "select digest from cosigned")).toEqual([{ digest: "d1" }]);
    expect(all(database, "select seq, signature from newest_statement")).toEqual([{ seq: 2, signature: "said" }]);
  });

  it("takes a backup of an earlier version", async () => {
    const { ask, copy, database } = gateway();
    const old = new Database(copy);
    old.exec(migrations[0] ?? "");
    old.pragma("user_version = 1");
    old.exec("insert into ledger values ('old', '{}')");
    old.close();
    expect((await ask("restore", copy)).code).toBe(0);
    expect(all(database, "select meter from ledger")).toEqual([{ meter: "old" }]);
  });

  it("restores where there is no folder yet, no database any more, or a broken one", async () => {
    const { ask, copy, database, state } = gateway();
    await ask("backup", copy);
    rmSync(state, { recursive: true });
    expect((await ask("restore", copy)).code).toBe(0);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    writeFileSync(database, "gone");
    expect((await ask("restore", copy)).code).toBe(0);
    expect(all(database, "select meter from ledger")).toEqual([{ meter: "grid" }]);
  });

  it("is not set aside at the next start for what the database before it was broken by", async () => {
    const { ask, copy, database } = gateway();
    await ask("backup", copy);
    markDamaged(database);
    expect((await ask("restore", copy)).code).toBe(0);
    const { db, setAside } = openSound(database, Date.now());
    db.close();
    expect(setAside).toBeNull();
  });

  it.each<[string, (file: string) => void, string]>([
    ["that is damaged", (file) => writeFileSync(file, readFileSync(file).fill(0xa5, 4096)), "backup-damaged"],
    ["that is no database", (file) => writeFileSync(file, "a letter"), "backup-damaged"],
    [
      "of a later version",
      (file) => {
        const db = new Database(file);
        db.pragma(`user_version = ${migrations.length + 1}`);
        db.close();
      },
      "store-too-new",
    ],
  ])("changes nothing for a backup %s", async (_, spoil, code) => {
    const { ask, copy, database, state } = gateway();
    await ask("backup", copy);
    spoil(copy);
    const before = [readFileSync(database), readdirSync(state)];
    expect(await ask("restore", copy)).toMatchObject({
      code: 2,
      err: expect.stringMatching(new RegExp(`^${code}: `)) as string,
    });
    expect([readFileSync(database), readdirSync(state)]).toEqual(before);
  });

  it("refuses while an agent runs", async () => {
    const house = await agentHouse();
    await house.start();
    const copy = join(house.folder, "copy.db");
    const { ask } = cliOf(house);
    await ask("backup", copy);
    expect(await ask("restore", copy)).toMatchObject({ code: 2, err: expect.stringContaining("agent-running") as string });
    expect(existsSync(copy)).toBe(true);
  });
});
