import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { eraseRecords } from "../../../aggregator/settle/erase-records.ts";
import { logFile } from "../../../settlement/log/log-publisher.ts";
import { decodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { chainRoom, site } from "./chain-room.ts";

vi.setConfig({ testTimeout: 60_000 });

it("leaves nothing of a home's records in database and data files but their digests", async () => {
  const room = await chainRoom({ settleMs: null, publishing: { form: "records" } });
  const { store, folder, owner } = room;
  const stored = [await room.addCosigned(), await room.addCosigned()];
  await room.epoch();
  const open = { site, seq: 3, source: "home", code: "c", message: "m", own: { wh: 7 }, atMs: 1 } as const;
  await store.addDispute({ ...open, record: stored[0]?.record ?? null });
  await store.addTopUp(site, 5n, 1);
  const file = logFile(folder, owner, 1);
  const salt = Buffer.from(stored[0]?.record.salt.slice(2) ?? "", "hex");
  expect(readFileSync(file).includes(salt)).toBe(true);
  expect(await eraseRecords({ store, site, folder, nowMs: 9, who: "cli test" })).toEqual({ records: 2, disputes: 1, files: 1 });
  expect(readFileSync(file).includes(salt)).toBe(false);
  const left = decodeLogData(room.market.domain, readFileSync(file));
  expect([left.form, leavesOf(left).toSorted()]).toEqual(["digests", stored.map(({ digest }) => digest).toSorted()]);
  expect(await room.work.publisher.bytesOf(1)).toEqual(readFileSync(file));
  expect(await store.records(null, 10)).toEqual([]);
  expect(await store.disputes({ open: false, limit: 10 })).toEqual([]);
  expect([...(await store.cursors(site)).keys()]).toEqual([]);
  // Once more, there is nothing left to do.
  expect(await eraseRecords({ store, site, folder, nowMs: 9, who: "cli test" })).toEqual({ records: 0, disputes: 0, files: 0 });
});

it("touches neither other homes nor data files of digests", async () => {
  const room = await chainRoom({ settleMs: null });
  const { store, folder, owner } = room;
  await room.addCosigned();
  await room.epoch();
  const before = readFileSync(logFile(folder, owner, 1));
  expect(await eraseRecords({ store, site: "gw-9", folder, nowMs: 9, who: "cli test" })).toEqual({
    records: 0,
    disputes: 0,
    files: 0,
  });
  expect((await store.records(null, 10)).length).toBe(1);
  await eraseRecords({ store, site, folder, nowMs: 9, who: "cli test" });
  expect(readFileSync(logFile(folder, owner, 1))).toEqual(before);
});
