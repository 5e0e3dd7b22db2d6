import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Bundle } from "../../../settlement/verify/bundle.ts";
import { recordHead } from "../../../settlement/record/record.ts";
import { type Anvil, startAnvil } from "../../fake/anvil.ts";
import { runCli } from "../../fake/run-cli.ts";
import { aggregator, exampleBundle, exampleTariffEpoch, household, midnightS } from "../../settlement/fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "../../settlement/market.ts";

let anvil: Anvil;
let market: Market;
let folder: string;
let bundle: Bundle;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundle-"));
  anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  market = await openMarket(anvil);
  await registerBoth(market);
  const logger = await market.clientOf(aggregator.signer.privateKey);
  const tariff = exampleTariffEpoch();
  await logger.commit(aggregator.owner, 1, tariff.root, tariff.count, "0x");
  await market.warpTo(midnightS + 86_400);
  bundle = await exampleBundle(market.domain, anvil.url);
  await fund(market, household.owner, 1_000_000_000n);
  await market.funder.settle(recordHead(bundle.record), bundle.signatureA, bundle.signatureB);
  const { root, count } = bundle.inclusion ?? expect.fail();
  await logger.commit(aggregator.owner, 2, root, count, "0x");
});
afterAll(async () => {
  market.close();
  await anvil.stop();
  await rm(folder, { recursive: true });
});

vi.setConfig({ testTimeout: 60_000 });

/** Runs the verb in a process of its own. */
const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> => runCli(["settlement", ...args]);
async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

it("exits 0 for a good bundle, and says through whom the chain was seen", async () => {
  const path = await file("good.json", bundle);
  const hinted = await run("verify", path);
  expect(hinted).toMatchObject({ code: 0, err: "" });
  expect(hinted.out).toMatch(/^good +root-on-chain/m);
  expect(hinted.out).toMatch(/^note: .*--rpc/m);
  expect(hinted.out).toMatch(/^verdict: good$/m);
  const pinned = await run(
    "verify",
    path,
    "--rpc",
    anvil.url,
    "--contract",
    market.domain.contract.toUpperCase().replace("0X", "0x"),
  );
  expect(pinned.code).toBe(0);
  expect(pinned.out).not.toContain("note:");
});

it("exits 1 for a bad one, with the check that failed", async () => {
  const path = await file("bad.json", { ...bundle, record: { ...bundle.record, wh: bundle.record.wh + 1 } });
  const { code, out } = await run("verify", path, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    verdict: "bad",
    notes: [expect.stringContaining("--rpc"), expect.stringContaining("--contract")],
    checks: expect.arrayContaining([expect.objectContaining({ check: "record-hash", verdict: "bad" })]),
  });
  const malformed = await run("verify", await file("malformed.json", { ...bundle, signatureA: "0x" }));
  expect(malformed.code).toBe(1);
  expect(malformed.out).toMatch(/^bad +format +signatureA: /m);
  expect((await run("verify", await file("good.json", bundle), "--contract", market.token)).code).toBe(1);
});

it("exits 3 offline and when the chain is away", async () => {
  const path = await file("good.json", bundle);
  const offline = await run("verify", path, "--offline");
  expect(offline).toMatchObject({ code: 3, err: "" });
  expect(offline.out).not.toMatch(/^bad/m);
  const away = await run("verify", path, "--rpc", "http://127.0.0.1:9");
  expect(away.code).toBe(3);
  expect(away.out).toMatch(/^unknown +settled .*does not answer/m);
});

it.each<[string, (path: string) => string[], RegExp]>([
  ["a file that is not there", (path) => ["verify", `${path}.none`], /cannot read .*good\.json\.none/],
  ["no file", () => ["verify"], /missing required argument 'bundle'/],
  ["an option that does not exist", (path) => ["verify", path, "--onlin"], /unknown option/],
  ["a verb that does not exist", () => ["verfy"], /unknown command/],
  ["an RPC URL of another kind", (path) => ["verify", path, "--rpc", "ftp://x"], /ftp:\/\/x/],
  ["a contract that is no address", (path) => ["verify", path, "--contract", "0x12"], /--contract 0x12/],
])("exits 2 for %s", async (_, args, message) => {
  const { code, out, err } = await run(...args(await file("good.json", bundle)));
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(message);
});

it("exits 2 for a file that is not JSON, and names it", async () => {
  const { code, err } = await run("verify", await file("text.json", "{"));
  expect(code).toBe(2);
  expect(err).toMatch(/text\.json is not JSON/);
});
