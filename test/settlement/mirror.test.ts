import { id } from "ethers";
import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { mirrorSource } from "../../settlement/log/epoch-source.ts";
import { encodeLogData } from "../../settlement/log/log-data.ts";
import { encodeLogPlace } from "../../settlement/log/log-place.ts";
import type { LoggedRecord } from "../../settlement/log/log-run.ts";
import { mirrorApp } from "../../settlement/log/mirror-app.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { type AuditWorld, filePlace, openWorld, recordsForm } from "./audit/world.ts";
import { aggregator, household } from "./fixture.ts";
import { epochIndex } from "../../settlement/log/wanted-epoch.ts";

let world: AuditWorld;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const path = (epoch: number, by = aggregator.owner): string => `/${by}/${epoch}`;
/** The day committed with its data in a file, and the file. */
async function committed(): Promise<Uint8Array<ArrayBuffer>> {
  const data = recordsForm(await world.honestDay());
  const { bytes, place } = filePlace(data);
  await world.commit(data, { data: place });
  return new Uint8Array(bytes);
}
const openApp = () => {
  const folder = scratch("mirror");
  return { folder, app: mirrorApp({ folder, chain: world.market.funder, epochs: epochIndex(world.view, 0), log: silentLog() }) };
};
const put = (body: Uint8Array<ArrayBuffer> | string) => ({ method: "PUT", body });

it("takes what leads to the root on chain, once, and gives it back", async () => {
  const bytes = await committed();
  const { app, folder } = openApp();
  expect((await app.request(path(1))).status).toBe(404);
  expect((await app.request(path(1), put(bytes))).status).toBe(201);
  expect((await app.request(path(1), put(bytes))).status).toBe(204);
  const given = await app.request(path(1));
  expect(given.status).toBe(200);
  expect(new Uint8Array(await given.arrayBuffer())).toEqual(new Uint8Array(bytes));
  expect(readdirSync(folder, { recursive: true })).toEqual([aggregator.owner, `${aggregator.owner}/1`]);
});

it("takes nothing else", async () => {
  const bytes = await committed();
  const { app, folder } = openApp();
  const status = async (at: string, body: Uint8Array<ArrayBuffer> | string) => (await app.request(at, put(body))).status;
  for (let at = 0; at < bytes.length; at += 61) expect(await status(path(1), bytes.with(at, (bytes[at] ?? 0) ^ 4))).toBe(422);
  expect(await status(path(1), new Uint8Array(encodeLogData({ form: "digests", leaves: [id("a")] })))).toBe(422);
  expect(await status(path(1), new Uint8Array(100_000))).toBe(413);
  expect(await status(path(2), bytes)).toBe(404);
  expect(await status(path(1, household.owner), bytes)).toBe(404);
  expect(await status(`/${encodeURIComponent("../x")}/1`, bytes)).toBe(404);
  expect(await status(path(1, aggregator.owner.toUpperCase()), bytes)).toBe(404);
  expect(readdirSync(folder)).toEqual([]);
  const wrong = await app.request(path(1), put("x"));
  expect(wrong.headers.get("content-type")).toBe("application/problem+json");
  expect(await wrong.json()).toMatchObject({ title: "mirror-wrong-data", status: 422 });
});

it("where the chain binds the root alone, takes no other signatures either", async () => {
  const records = await world.honestDay();
  const data = recordsForm(records);
  await world.commit(data, { data: encodeLogPlace({ in: "nowhere" }) });
  const { app } = openApp();
  const changed = (change: Partial<LoggedRecord>) => {
    const [first, ...others] = records;
    return new Uint8Array(encodeLogData(recordsForm(first ? [{ ...first, ...change }, ...others] : [])));
  };
  const exchanged = { signatureA: records[0]?.signatureB ?? "", signatureB: records[0]?.signatureA ?? "" };
  for (const change of [exchanged, { signatureA: "0x" }, { signatureB: `0x${"22".repeat(65)}` }])
    expect((await app.request(path(1), put(changed(change)))).status).toBe(422);
  expect((await app.request(path(1), put(changed({})))).status).toBe(201);
});

it("runs as a verb, and an audit needs nothing else for what is not in the chain", async () => {
  await world.bindPrices();
  const data = recordsForm(await world.honestDay());
  await world.market.warpTo(Date.parse("2026-03-03T00:00:00Z") / 1000);
  await world.commit(data, { data: encodeLogPlace({ in: "nowhere" }) });
  const where = ["--rpc", world.market.provider._getConnection().url, "--contract", world.market.domain.contract];
  const kept = `${scratch("mirror")}/new/mirror`;
  const mirror = startCli(["settlement", "mirror", ...where, "--listen", "127.0.0.1:0", "--folder", kept]);
  try {
    await until("the mirror listens", () => mirror.lines.length > 0);
    const ready = JSON.parse(mirror.lines[0] ?? "{}") as { url: string };
    expect(ready).toMatchObject({ kind: "ready", program: "mirror", ...world.market.domain });
    expect((await fetch(`${ready.url}${path(2)}`, put(new Uint8Array(encodeLogData(data))))).status).toBe(201);
    expect(existsSync(kept)).toBe(true);
    const audit = ["settlement", "audit", ...where, "--from-block", "0"];
    const without = await runCli(audit);
    expect(without.code).toBe(3);
    expect(without.out).toMatch(/^unknown +data: epoch 2 .*data-missing/m);
    const withMirror = await runCli([...audit, "--mirror", "http://127.0.0.1:9", "--mirror", ready.url, "--json"]);
    const report = JSON.parse(withMirror.out) as { verdict: string; steps: unknown[]; findings: { cause: string }[] };
    expect(report.steps).toContainEqual({ step: "signatures", verdict: "good", checked: 10 });
    expect(report.findings.map(({ cause }) => cause)).toEqual(["source-differs", "amount-unchecked"]);
    expect(withMirror.code).toBe(3);
  } finally {
    mirror.child.kill("SIGTERM");
  }
  expect((await mirror.ended).code).toBe(0);
  await expect(mirrorSource("http://127.0.0.1:9").fetch({ ...aside }, 1)).rejects.toMatchObject({ temporary: true });
}, 60_000);

const aside = { by: aggregator.owner, epoch: 1, root: id("x"), count: 1, place: { in: "nowhere" }, blobs: [] } as const;
