import { createServer } from "node:http";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { logFile } from "../../../settlement/log/log-publisher.ts";
import { fillMirrors } from "../../../settlement/log/fill-mirrors.ts";
import { settlementInterface } from "../../../settlement/chain/chain-error.ts";
import { decodeLogData, leavesOf } from "../../../settlement/log/log-data.ts";
import { decodeLogPlace, logFileHash } from "../../../settlement/log/log-place.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { addCosigned, chainRoom, site } from "./chain-room.ts";

vi.setConfig({ testTimeout: 120_000 });
type Room = Awaited<ReturnType<typeof chainRoom>>;

/** What the chain says of our commitments, in order. */
async function committed({ market }: Room): Promise<{ name: string; data: string; blobs: string[] }[]> {
  const logs = await market.provider.getLogs({ address: market.domain.contract, fromBlock: 0 });
  return logs.flatMap((log) => {
    const event = settlementInterface.parseLog(log);
    if (event?.name !== "Committed" && event?.name !== "BlobsAttached") return [];
    const { data = "0x", blobs } = event.args.toObject() as { data?: string; blobs: string[] };
    return [{ name: event.name, data, blobs: [...blobs] }];
  });
}

it.each(["digests", "records"] as const)("publishes %s in a file that the commitment names by its hash", async (form) => {
  const series = exampleSeries();
  const room = await chainRoom({ settleMs: null, publishing: { form } });
  await room.store.keepSeries(series, { hash: pricesHash(series), startMs: 0, endMs: Date.parse("2027-01-01T00:00:00Z") });
  const records = [await room.addCosigned(), await room.addCosigned()];
  await room.epoch();
  const [{ data } = { data: "" }] = await committed(room);
  const bytes = readFileSync(logFile(room.folder, room.owner, 1));
  expect(decodeLogPlace(data)).toEqual({ in: "file", length: bytes.length, hash: logFileHash(bytes) });
  const read = decodeLogData(room.market.domain, bytes);
  expect(read.form).toBe(form);
  expect(leavesOf(read).toSorted()).toEqual([...records.map(({ digest }) => digest), pricesHash(series)].toSorted());
  if (read.form === "records") expect(read.records.map(({ record }) => record)).toEqual(records.map(({ record }) => record));
});

it("publishes in the commitment itself, or nothing, and keeps the data in any case", async () => {
  for (const place of ["inline", "nowhere"] as const) {
    const room = await chainRoom({ settleMs: null, publishing: { in: place } });
    await room.addCosigned();
    await room.epoch();
    const bytes = readFileSync(logFile(room.folder, room.owner, 1));
    const [{ data } = { data: "" }] = await committed(room);
    expect(decodeLogPlace(data)).toEqual(place === "inline" ? { in: "inline", bytes: new Uint8Array(bytes) } : { in: "nowhere" });
  }
});

// Proofs of a blob take seconds, and on a busy machine a minute.
it(
  "publishes in blobs, the rest by attachBlobs, each once, also where it was killed between them",
  { timeout: 400_000 },
  async () => {
    const room = await chainRoom({ settleMs: null, finality: 1, publishing: { in: "blobs", form: "digests" }, blobsAtOnce: 1 });
    const { store, market, chain } = room;
    await room.addCosigned();
    // One blob holds 126,976 bytes, so that these leaves need two.
    const digests = Array.from({ length: 4000 }, (_, at) => `0x${String(at + 1).padStart(64, "0")}`);
    const { buildEpoch } = await import("../../../settlement/log/epoch.ts");
    await store.addEpoch({ epoch: 1, root: buildEpoch(digests).root, digests });
    const killed = room.through({ attachBlobs: () => Promise.reject(new Error("killed")) });
    await killed.tick();
    expect(await store.epochAt(1)).toMatchObject({ blobs: 1 });
    await room.restart();
    await room.work.tick();
    await market.provider.send("anvil_mine", ["0x2"]);
    await room.work.tick();
    const events = await committed(room);
    expect(events.map(({ name, blobs }) => [name, blobs.length])).toEqual([
      ["Committed", 1],
      ["BlobsAttached", 1],
    ]);
    expect(decodeLogPlace(events[0]?.data ?? "")).toEqual({
      in: "blobs",
      length: readFileSync(logFile(room.folder, room.owner, 1)).length,
    });
    expect(await room.store.epochAt(1)).toMatchObject({ blobs: 2, final: true });
    expect(await chain.epochOf(room.owner)).toBe(1);
    const spent = await room.store.spent({ fromMs: 0, toMs: 1e15, limit: 9 });
    expect(spent.map(({ what, blobGas }) => [what, blobGas])).toEqual(
      expect.arrayContaining([
        ["commit", 131_072n],
        ["attachBlobs", 131_072n],
      ]),
    );
  },
);

it("makes a lost data file again, and does not take one of another database for its own", async () => {
  const room = await chainRoom({ settleMs: null });
  await room.addCosigned();
  await room.epoch();
  const file = logFile(room.folder, room.owner, 1);
  const before = readFileSync(file);
  rmSync(file);
  expect(Buffer.from(await room.work.publisher.bytesOf(1))).toEqual(before);
  writeFileSync(file, "something else");
  expect(Buffer.from(await room.work.publisher.bytesOf(1))).toEqual(before);
  expect(readFileSync(file)).toEqual(before);
});

/** A mirror that keeps what it is given, where it answers at all. */
async function mirror() {
  const kept = new Map<string, Buffer>();
  const state = { status: 204 };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (state.status === 204) kept.set(`${request.method} ${request.url}`, Buffer.concat(parts));
      response.writeHead(state.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`, kept, state };
}

it("gives each mirror each final epoch once, and later what it did not take; one that fails holds up no other", async () => {
  const room = await chainRoom({ settleMs: null });
  const [good, bad] = [await mirror(), await mirror()];
  bad.state.status = 500;
  const fill = () =>
    fillMirrors({
      store: room.store,
      publisher: room.work.publisher,
      owner: room.owner,
      mirrors: ["http://127.0.0.1:9", bad.url, good.url],
      log: room.log,
    });
  await room.addCosigned();
  await room.epoch();
  await room.addCosigned();
  await room.epoch();
  await fill();
  const names = [1, 2].map((epoch) => `PUT /log/${room.owner}/${epoch}`);
  expect([[...good.kept.keys()], [...bad.kept.keys()]]).toEqual([names, []]);
  expect(good.kept.get(names[0] ?? "")).toEqual(readFileSync(logFile(room.folder, room.owner, 1)));
  expect(room.codes()).toEqual(["mirror-unreachable", "mirror-refused"]);
  good.kept.clear();
  bad.state.status = 204;
  await fill();
  expect([[...good.kept.keys()], [...bad.kept.keys()]]).toEqual([[], names]);
});

it("leaves out for a mirror what that will never take, says so once, and goes on", async () => {
  const room = await chainRoom({ settleMs: null });
  const one = await mirror();
  const { store, owner, log } = room;
  const fill = () => fillMirrors({ store, publisher: room.work.publisher, owner, mirrors: [one.url], log });
  await room.addCosigned();
  await room.epoch();
  one.state.status = 422;
  await fill();
  one.state.status = 204;
  await room.addCosigned();
  await room.epoch();
  await fill();
  expect([...one.kept.keys()]).toEqual([`PUT /log/${owner}/2`]);
  expect(log.lines).toMatchObject([{ level: "error", fields: { epoch: 1 } }]);
});

it("takes nothing of a home's records into data files that are made after it was erased", async () => {
  const room = await chainRoom({ settleMs: null, publishing: { form: "records" } });
  await addCosigned(room.store, room.market.domain);
  await room.epoch();
  rmSync(logFile(room.folder, room.owner, 1));
  await room.store.eraseRecords(site, 1);
  const read = decodeLogData(room.market.domain, await room.work.publisher.bytesOf(1));
  expect([read.form === "records" && read.records, leavesOf(read).length]).toEqual([[], 1]);
  expect(existsSync(logFile(room.folder, room.owner, 1))).toBe(true);
});
