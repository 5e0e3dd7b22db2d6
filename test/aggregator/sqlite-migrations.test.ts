import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { migrations } from "../../aggregator/store/migrations.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { scratch } from "../fake/scratch.ts";

it("takes over disputes and epochs of a database from before they had a state", async () => {
  const file = join(scratch("old"), "data.db");
  const old = new Database(file);
  for (const statement of migrations.slice(0, 3).flat()) old.exec(statement);
  old.pragma("user_version = 3");
  old.exec(
    `insert into dispute (site, seq, code, message, own, at_ms) values ('a', 3, 'settlement-energy-differs', 'm', '{"wh":7}', 5)`,
  );
  old.exec(`insert into epoch (epoch, root, digests, committed_tx) values (1, '0xr', '["0xa"]', '0xt')`);
  old.close();
  const store = await openStore({ engine: "sqlite", file });
  expect(await store.disputes({ open: true, limit: 9 })).toEqual([
    {
      id: 1,
      site: "a",
      seq: 3,
      source: "home",
      code: "settlement-energy-differs",
      message: "m",
      own: { wh: 7 },
      record: null,
      atMs: 5,
      resolution: null,
      resolvedMs: null,
    },
  ]);
  // Whether the chain still has it is asked once more.
  expect(await store.unfinishedEpochs()).toEqual([
    { epoch: 1, root: "0xr", digests: ["0xa"], committedTx: "0xt", final: false, blobs: 0 },
  ]);
  await store.close();
});

it("is opened by two programs at the same moment, new or of an older version", async () => {
  for (const version of [0, 3]) {
    const file = join(scratch("twice"), "data.db");
    const old = new Database(file);
    for (const statement of migrations.slice(0, version).flat()) old.exec(statement);
    old.pragma(`user_version = ${version}`);
    old.close();
    const stores = await Promise.all([1, 2].map(() => openStore({ engine: "sqlite", file })));
    for (const store of stores) expect(await store.newestAudit()).toBe(0);
    await Promise.all(stores.map((store) => store.close()));
  }
});
