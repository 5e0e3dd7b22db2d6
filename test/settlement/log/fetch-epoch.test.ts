import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { id } from "ethers";
import { expect, it, onTestFinished } from "vitest";
import { epochRoot } from "../../../settlement/log/epoch.ts";
import {
  epochFile,
  type EpochSource,
  folderSource,
  mirrorSource,
  type WantedEpoch,
} from "../../../settlement/log/epoch-source.ts";
import { fetchEpoch } from "../../../settlement/log/fetch-epoch.ts";
import { encodeLogData } from "../../../settlement/log/log-data.ts";
import { logFileHash, type LogPlace } from "../../../settlement/log/log-place.ts";
import { scratch } from "../../fake/scratch.ts";
import { code } from "../contract-rig.ts";
import { aggregator } from "../fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"ab".repeat(20)}` };
const leaves = ["1", "2", "3"].map(id);
const bytes = encodeLogData({ form: "digests", leaves });
const file: LogPlace = { in: "file", length: bytes.length, hash: logFileHash(bytes) };
const wanted = (place: LogPlace): WantedEpoch => ({
  by: aggregator.owner,
  epoch: 4,
  root: epochRoot(leaves),
  count: 3,
  place,
  blobs: [],
});
const giving = (name: string, given: Uint8Array | undefined): EpochSource => ({ name, fetch: async () => given });
const flipped = bytes.with(20, (bytes[20] ?? 0) ^ 1);

it("takes the first source that has what the chain binds, and names who had something else", async () => {
  const sources = [giving("empty", undefined), giving("short", bytes.slice(1)), giving("liar", flipped), giving("good", bytes)];
  const { data, exact, complaints } = await fetchEpoch(domain, wanted(file), sources);
  expect({ data, exact }).toEqual({ data: { form: "digests", leaves }, exact: true });
  expect(complaints.map(({ source, binding }) => [source, binding])).toEqual([
    ["short", false],
    ["liar", false],
  ]);
});

it("needs the root alone where the chain binds nothing else, and says that it is only that", async () => {
  const found = await fetchEpoch(domain, wanted({ in: "nowhere" }), [giving("liar", flipped), giving("good", bytes)]);
  expect(found).toMatchObject({ data: { leaves }, exact: false, complaints: [{ source: "liar", binding: false }] });
});

it("blames the party for data that it has committed and that leads elsewhere", async () => {
  const inline = await fetchEpoch(domain, wanted({ in: "inline", bytes: flipped }), []);
  expect(inline).toMatchObject({ data: null, complaints: [{ source: "chain", binding: true }] });
  const place: LogPlace = { in: "file", length: flipped.length, hash: logFileHash(flipped) };
  const committed = await fetchEpoch(domain, wanted(place), [giving("mirror", flipped)]);
  expect(committed).toMatchObject({ data: null, complaints: [{ source: "mirror", binding: true }] });
});

it("reads folders and web servers, and no more than an epoch can have", async () => {
  const folder = scratch("epochs");
  expect(await folderSource(folder).fetch(wanted(file), 1000)).toBeUndefined();
  mkdirSync(join(folder, aggregator.owner));
  writeFileSync(epochFile(folder, aggregator.owner, 4), bytes);
  expect(await folderSource(folder).fetch(wanted(file), 1000)).toEqual(Buffer.from(bytes));
  await expect(folderSource(folder).fetch(wanted(file), 10)).rejects.toEqual(code("epoch-data-unreadable"));
  await expect(folderSource("/dev/null").fetch(wanted(file), 10)).rejects.toEqual(code("epoch-data-unreadable"));

  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const status = [404, 500][asked.length - 1] ?? 200;
    response.writeHead(status).end(status === 200 ? bytes : "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const mirror = mirrorSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}/log/`);
  expect(await mirror.fetch(wanted(file), 1000)).toBeUndefined();
  await expect(mirror.fetch(wanted(file), 1000)).rejects.toMatchObject({ code: "epoch-data-unreadable", temporary: true });
  expect(await mirror.fetch(wanted(file), 1000)).toEqual(Buffer.from(bytes));
  await expect(mirror.fetch(wanted(file), 10)).rejects.toEqual(code("epoch-data-unreadable"));
  expect(asked[0]).toBe(`/log/${aggregator.owner}/4`);
});
