import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { id } from "ethers";
import { afterEach, expect, it } from "vitest";
import { beaconBlobs } from "../../../settlement/log/beacon-blobs.ts";
import { toBlobs } from "../../../settlement/log/blob-bytes.ts";
import { chainProvider } from "../../../settlement/chain/chain-provider.ts";
import { sealBlobs, versionedHashes } from "../../../settlement/log/kzg.ts";
import { transactor } from "../../../settlement/chain/transactor.ts";
import { anvilChainId, anvilKeys, startAnvil } from "../../fake/anvil.ts";
import { versionedHash } from "../../fake/blob-transaction.ts";
import { code } from "../contract-rig.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Answer = { status: number; body?: unknown };

/** A consensus node that says what it is told to. */
async function node(answer: (path: string) => Answer): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { status, body } = answer(request.url ?? "");
    response
      .writeHead(status, { "content-type": "application/json" })
      .end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const hex = (blob: Uint8Array): string => `0x${Buffer.from(blob).toString("hex")}`;
const blobs = [1, 2].flatMap((byte) => toBlobs(Uint8Array.of(byte)));
const mainnet = { genesis: 1_606_824_023, slotS: 12 };
/** A block of slot 1000. */
const at = { block: 7, time: mainnet.genesis + 1000 * mainnet.slotS };

const serving =
  (data: (path: string) => Answer) =>
  (path: string): Answer => {
    if (path === "/eth/v1/beacon/genesis") return { status: 200, body: { data: { genesis_time: String(mainnet.genesis) } } };
    if (path === "/eth/v1/config/spec") return { status: 200, body: { data: { SECONDS_PER_SLOT: String(mainnet.slotS) } } };
    return data(path);
  };

it("fetches blobs from the development chain by their hashes, in the order asked for", { timeout: 240_000 }, async () => {
  const anvil = await startAnvil();
  closing.push(() => anvil.stop());
  const provider = chainProvider(anvil.url, anvilChainId);
  closing.push(() => provider.destroy());
  const sender = transactor(provider, anvilKeys[0], { pollMs: 5 });
  const { block } = await sender.send({ what: "test", to: `0x${"77".repeat(20)}`, data: "0x", blobs: await sealBlobs(blobs) });
  const [one = "", two = ""] = await versionedHashes(blobs);
  const found = await beaconBlobs(anvil.url).blobsOf({ block, time: 0 }, [two, one]);
  expect(found.map(hex)).toEqual(blobs.toReversed().map(hex));
  await expect(beaconBlobs(anvil.url).blobsOf({ block, time: 0 }, [versionedHash(1)])).rejects.toEqual(code("blobs-gone"));
  await expect(beaconBlobs(anvil.url).blobsOf({ block: block + 9, time: 0 }, [one])).rejects.toEqual(code("blobs-gone"));
});

it("asks for the slot of the block's time, and finds its blobs among all that a node may serve", async () => {
  const { url, asked } = await node(serving(() => ({ status: 200, body: { data: blobs.map(hex) } })));
  const [one = "", two = ""] = await versionedHashes(blobs);
  const source = beaconBlobs(`${url}/`);
  expect((await source.blobsOf(at, [one])).map(hex)).toEqual([hex(blobs[0] ?? new Uint8Array())]);
  expect(asked.at(-1)).toBe(`/eth/v1/beacon/blobs/1000?versioned_hashes=${one}`);
  expect(await source.blobsOf(at, [two, two])).toHaveLength(2);
  expect(asked.filter((path) => path.includes("genesis"))).toHaveLength(1);
});

it("believes no blob that does not have the hash", async () => {
  const forged = Uint8Array.from(blobs[0] ?? []);
  forged[5] = 77;
  for (const served of [[forged], [new Uint8Array(131_072).fill(255)], []]) {
    const { url } = await node(serving(() => ({ status: 200, body: { data: served.map(hex) } })));
    await expect(beaconBlobs(url).blobsOf(at, [versionedHash(1)])).rejects.toEqual(code("blobs-gone"));
  }
});

it("tells gone, refused and unreachable apart", async () => {
  const cases: [Answer, string, boolean][] = [
    [{ status: 404 }, "blobs-gone", false],
    [{ status: 410 }, "blobs-gone", false],
    [{ status: 403, body: "not a supernode" }, "blobs-refused", false],
    [{ status: 400 }, "blobs-refused", false],
    [{ status: 200, body: "<html>" }, "blobs-refused", false],
    [{ status: 200, body: { data: ["0x00"] } }, "blobs-refused", false],
    [{ status: 503 }, "blobs-unreachable", true],
    [{ status: 429 }, "blobs-unreachable", true],
  ];
  for (const [answer, expected, temporary] of cases) {
    const { url } = await node(serving(() => answer));
    await expect(beaconBlobs(url).blobsOf(at, [id("x")])).rejects.toMatchObject({ code: expected, temporary });
  }
  await expect(beaconBlobs("http://127.0.0.1:9").blobsOf(at, [id("x")])).rejects.toMatchObject({
    code: "blobs-unreachable",
    temporary: true,
  });
});

it("asks for the genesis again where the node was away at first", async () => {
  let away = true;
  const answers = serving(() => ({ status: 200, body: { data: blobs.map(hex) } }));
  const { url } = await node((path) => (away ? { status: 502 } : answers(path)));
  const source = beaconBlobs(url);
  const [one = ""] = await versionedHashes(blobs);
  await expect(source.blobsOf(at, [one])).rejects.toEqual(code("blobs-unreachable"));
  away = false;
  expect(await source.blobsOf(at, [one])).toHaveLength(1);
});
