import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import type { StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import { startAnvil } from "../../fake/anvil.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";
import { exampleEvidence, exampleRecord, exampleSeries } from "../../settlement/fixture.ts";
import { message, midnightMs, slotItem } from "../../aggregator/rows.ts";
import { openMarket, registerBoth } from "../../settlement/market.ts";

const yaml = (more = ""): string => `
version: 1
id: community
broker: { url: "mqtt://127.0.0.1:1883" }
control_key_file: control.json
sites: { gw-1: {}, gw-2: { agreement_file: a.json } }
prices_file: prices.json
storage: { path: state/data.db }
${more}`;

/** A folder with a configuration and a database that holds one disputed record. */
async function place(more = "", domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` }) {
  const folder = scratch("disputes");
  const config = join(folder, "aggregator.yaml");
  writeFileSync(config, yaml(more));
  mkdirSync(join(folder, "state"));
  const open = () => openStore({ engine: "sqlite", file: join(folder, "state", "data.db") });
  const record = exampleRecord(domain);
  const stored: StoredRecord = {
    site: "gw-1",
    record,
    digest: recordDigest(domain, record),
    evidence: exampleEvidence("import", [151, 0, 87, 1203]),
    prices: null,
    state: "disputed",
    gatewaySignature: null,
    ownSignature: null,
    epoch: null,
  };
  const store = await open();
  await store.addRecord(stored, { kind: "import", nextMs: Date.parse(record.end) });
  const said = { code: "settlement-energy-differs", message: "slot 2 differs", own: { wh: 1400 } };
  await store.addDispute({ site: "gw-1", seq: 1, source: "home", ...said, record, atMs: 1_772_500_000_000 });
  await store.close();
  return { config, open, record };
}

it("lists what waits with both sides' figures, and resolves it", async () => {
  const { config, open, record } = await place();
  const list = await runCli(["aggregator", "disputes", "list", "-c", config]);
  expect(list.code).toBe(1);
  expect(list.out).toContain(
    "1  gw-1/1  2026-03-03T01:06:40.000Z  open  settlement-energy-differs  import 2026-03-01T23:00:00.000Z",
  );
  expect(list.out).toContain(`proposed 1441 Wh, ${record.amount} micro-units; the home's own figures {"wh":1400}`);
  const json = JSON.parse((await runCli(["aggregator", "disputes", "list", "-c", config, "--json"])).out) as { items: object[] };
  expect(json.items).toMatchObject([{ id: 1, own: { wh: 1400 }, proposed: { wh: 1441 }, slots: { first: null, last: null } }]);
  const home = await runCli(["aggregator", "disputes", "resolve", "1", "home", "-c", config]);
  expect([home.code, home.err]).toEqual([2, expect.stringContaining("dispute-no-such-figures")]);
  expect((await runCli(["aggregator", "disputes", "resolve", "1", "perhaps", "-c", config])).code).toBe(2);
  const skip = await runCli(["aggregator", "disputes", "resolve", "1", "skip", "-c", config]);
  expect([skip.code, skip.out]).toEqual([0, expect.stringContaining("is left out")]);
  expect(await runCli(["aggregator", "disputes", "list", "-c", config])).toMatchObject({ code: 0, out: "nothing waits" });
  expect((await runCli(["aggregator", "disputes", "list", "-c", config, "--all"])).out).toContain("resolved: skip");
  const store = await open();
  expect(await store.newestRecord("gw-1")).toBeNull();
  await store.close();
});

it("erases a home's records only where it is settled no more and the chain has paid by them", { timeout: 60_000 }, async () => {
  const anvil = await startAnvil();
  const market = await openMarket(anvil);
  try {
    await registerBoth(market);
    const { config, open } = await place(
      `settlement: { key: k, passphrase_file: p, chain_id: 31337, contract: "${market.domain.contract}", rpc_url: "${anvil.url}" }`,
      market.domain,
    );
    const erase = (...args: string[]) => runCli(["aggregator", "erase", ...args, "-c", config]);
    expect(await erase("gw-2")).toMatchObject({ code: 2, err: expect.stringContaining("erase-still-settled") as string });
    expect(await erase("gw-1")).toMatchObject({ code: 2, err: expect.stringContaining("erase-unsettled") as string });
    const done = await erase("gw-1", "--unsettled", "--json");
    expect(JSON.parse(done.out)).toEqual({ site: "gw-1", records: 1, disputes: 1, files: 0 });
    expect(await erase("gw-1")).toMatchObject({ code: 0 });
    const store = await open();
    expect(await store.newestRecord("gw-1")).toBeNull();
    await store.close();
  } finally {
    market.close();
    await anvil.stop();
  }
});

it("lets a mirror get again what it has lost, and only one that is configured", async () => {
  const chain = `key: k, passphrase_file: p, chain_id: 1, contract: "0x${"5e".repeat(20)}", rpc_url: "http://127.0.0.1:9"`;
  const { config, open } = await place(`settlement: { ${chain}, log: { mirrors: ["https://mirror.example/log/"] } }`);
  const store = await open();
  await store.setMirrored("https://mirror.example/log", 9);
  const refill = (...args: string[]) => runCli(["aggregator", "refill", ...args, "-c", config]);
  expect(await refill("https://other.example")).toMatchObject({
    code: 2,
    err: expect.stringContaining("mirror-unknown") as string,
  });
  expect(await refill("https://mirror.example/log", "--from", "4", "--json")).toMatchObject({
    code: 0,
    out: '{"mirror":"https://mirror.example/log","from":4}',
  });
  expect(await store.mirrored("https://mirror.example/log")).toBe(3);
  await refill("https://mirror.example/log/", "--from", "7");
  expect(await store.mirrored("https://mirror.example/log")).toBe(3);
  await store.close();
});

it("gives the meter rows behind the case of a home that does not sign", async () => {
  const { config, open, record } = await place();
  const store = await open();
  const own = { from: record.start, until: record.end, wh: 15, amount: "1" };
  const said = { code: "settlement-unsigned-import", message: "15 Wh are not signed for", own };
  await store.addDispute({ site: "gw-1", seq: 1, source: "aggregator", ...said, record, atMs: 1_772_600_000_000 });
  await store.ingest("gw-1", message([slotItem(1, 0, 7), slotItem(2, 1, 8)]));
  const series = exampleSeries();
  await store.keepSeries(series, { hash: "0x1", startMs: midnightMs, endMs: midnightMs + 86_400_000 });
  await store.close();
  const list = await runCli(["aggregator", "disputes", "list", "-c", config]);
  expect(list.out).toContain("    aggregator: 15 Wh are not signed for");
  expect(list.out).toContain("    by now 15 Wh from 2026-03-01T23:00:00.000Z to 2026-03-01T23:30:00.000Z, 3161 micro-units");
  const { out } = await runCli(["aggregator", "disputes", "evidence", "2", "-c", config]);
  expect(JSON.parse(out)).toEqual({
    site: "gw-1",
    record,
    from: "2026-03-01T23:00:00.000Z",
    until: "2026-03-01T23:30:00.000Z",
    wh: 15,
    amount: "3161",
    unpricedWh: 0,
    slots: [
      { start: "2026-03-01T23:00:00.000Z", end: "2026-03-01T23:15:00.000Z", wh: 7 },
      { start: "2026-03-01T23:15:00.000Z", end: "2026-03-01T23:30:00.000Z", wh: 8 },
    ],
  });
  expect((await runCli(["aggregator", "disputes", "evidence", "1", "-c", config])).err).toContain("dispute-no-evidence");
});
