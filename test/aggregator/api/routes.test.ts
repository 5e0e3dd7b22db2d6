import { id } from "ethers";
import { describe, expect, it } from "vitest";
import { routes } from "../../../aggregator/api/routes.ts";
import { AppError } from "../../../core/app-error.ts";
import { makeToken } from "../../../aggregator/api/token.ts";
import type { Role, StoredToken } from "../../../aggregator/store/token-store.ts";
import type { Bundle } from "../../../settlement/bundle.ts";
import { buildEpoch, verifyInclusion } from "../../../settlement/epoch.ts";
import { type ArchiveLine, readArchive } from "../../../settlement/archive.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { aggregator, exampleBundle } from "../../settlement/fixture.ts";
import { planOf, statusOf } from "../plans.ts";
import { message, sampleItem, scratchStore, slotItem } from "../rows.ts";
import { domain } from "../settle/home-double.ts";

/** An API over a real store with five records at two homes; only the first of home a can be bundled. */
async function api({ open = true } = {}) {
  const { store } = await scratchStore();
  const bundle = await exampleBundle(domain);
  for (const [site, seq] of [
    ["a", 1],
    ["a", 2],
    ["a", 3],
    ["b", 1],
    ["b", 2],
  ] as const)
    await store.addRecord(
      {
        site,
        record: { ...bundle.record, seq },
        digest: id(`${site}${seq}`),
        evidence: bundle.evidence,
        prices: null,
        state: "proposed",
        gatewaySignature: null,
        ownSignature: null,
        epoch: null,
      },
      { kind: "import", nextMs: seq },
    );
  let [broken, away] = [false, false];
  const app = routes({
    store: {
      ...store,
      statistics: (site) => (broken ? Promise.reject(new Error("disk full")) : store.statistics(site)),
    },
    tokens: store,
    open,
    now: () => nowMs,
    log: silentLog(),
    version: "1.2.3",
    owner: bundle.inclusion?.by ?? null,
    sites: ["a", "b"],
    states: new Map([["a", "ready"]]),
    rejected: () => ({ "intake-malformed": 3 }),
    agreementOf: (site) => (site === "a" ? bundle.agreement.agreement : undefined),
    signedAgreementOf: (site) => (site === "a" ? bundle.agreement : undefined),
    pairOf: () => (away ? Promise.reject(new AppError("chain-unreachable", "away", { temporary: true })) : Promise.resolve(pair)),
    logBytesOf: async (epoch) => (epoch === 1 ? Uint8Array.of(1, 2, 3) : null),
    bundleOf: async ({ site, record }): Promise<Bundle | null> => (site === "a" && record.seq === 1 ? bundle : null),
  });
  const get = async (path: string, authorization?: string) => {
    const response = await app.request(path, { headers: authorization === undefined ? {} : { authorization } });
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      wanted: response.headers.get("www-authenticate"),
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  /** The header of a new token. */
  const header = async (role: Role, site: string | null = null, change: Partial<StoredToken> = {}): Promise<string> => {
    const { text, stored } = makeToken({ role, site, note: "", createdMs: nowMs, expiresMs: nowMs + 1000 });
    await store.addToken({ ...stored, ...change });
    return `Bearer ${text}`;
  };
  const post = async (path: string, body: unknown, authorization = "") => {
    const headers = { "content-type": "application/json", ...(authorization !== "" && { authorization }) };
    const response = await app.request(path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { app, store, bundle, get, post, header, fail: () => (broken = true), leave: () => (away = true) };
}

/** A pair on chain in which a owes b 7 after a partial settlement. */
const pair = {
  balanceA: 11n,
  balanceB: 22n,
  leavingA: 1n,
  leavingB: 2n,
  cumA: 100n,
  cumB: 30n,
  open: 7n,
  seq: 5,
  withdrawals: 0,
  head: id("head"),
};

const nowMs = Date.parse("2026-03-02T12:00:00Z");

it("pages through settlements, each record once", async () => {
  const { get } = await api();
  const seen: unknown[] = [];
  const pages: number[] = [];
  let next: string | null = "";
  while (next !== null) {
    const { status, body } = await get(`/v1/settlements?limit=2${next === "" ? "" : `&cursor=${next}`}`);
    expect(status).toBe(200);
    const items = body["items"] as { site: string; seq: number; state: string }[];
    pages.push(items.length);
    seen.push(...items.map(({ site, seq, state }) => `${site}${seq} ${state}`));
    next = body["next"] as string | null;
  }
  expect(seen).toEqual(["a1 proposed", "a2 proposed", "a3 proposed", "b1 proposed", "b2 proposed"]);
  expect(pages).toEqual([2, 2, 1]);
  expect(((await get("/v1/settlements")).body["items"] as unknown[]).length).toBe(5);
});

it.each<[string, number, string]>([
  ["/v1/settlements?limit=0", 400, "bad-query"],
  ["/v1/settlements?limit=501", 400, "bad-query"],
  ["/v1/settlements?limit=many", 400, "bad-query"],
  ["/v1/settlements?cursor=a", 400, "bad-query"],
  ["/v1/sites/c/statistics", 404, "unknown-site"],
  ["/v1/sites/c/plans", 404, "unknown-site"],
  ["/v1/settlements/a/4/bundle", 404, "unknown-record"],
  ["/v1/settlements/c/1/bundle", 404, "unknown-record"],
  ["/v1/settlements/a/first/bundle", 404, "unknown-record"],
  ["/v1/settlements/a/2/bundle", 409, "not-cosigned"],
  [`/v1/log/digests/${id("nothing")}`, 404, "unknown-record"],
  ["/v1/log/digests/0x12", 400, "bad-query"],
  ["/v1/epochs?cursor=-1", 400, "bad-query"],
  [`/v1/log/${aggregator.owner}/2`, 404, "unknown-record"],
  ["/v1/log/nobody/1", 400, "bad-query"],
  ["/v1/sites/b/escrow", 404, "unknown-site"],
  ["/v1/settlement/statistics?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", 400, "bad-query"],
  ["/v1/settlement/statistics?from=2020-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", 400, "bad-query"],
  ["/v2", 404, "unknown-path"],
])("answers %s with problem %i %s", async (path, status, code) => {
  const { get } = await api();
  expect(await get(path)).toMatchObject({
    status,
    type: "application/problem+json",
    body: { type: `urn:smart-mla:${code}`, title: code, status, detail: expect.stringMatching(/./) },
  });
});

it("gives the bundle of a record that both have signed", async () => {
  const { get, bundle } = await api();
  expect(await get("/v1/settlements/a/1/bundle")).toMatchObject({ status: 200, body: JSON.parse(JSON.stringify(bundle)) });
});

it("shows homes, their rows and plans, statistics and epochs", async () => {
  const { get, store } = await api();
  await store.ingest("a", message([slotItem(1, 0, 100), sampleItem(2)]));
  const plan = planOf("boiler", 1);
  await store.savePlans("a", [plan], 1);
  await store.answerPlan("a", plan.plan, "ACCEPTED", null);
  await store.saveStatus("a", statusOf("boiler", 5));
  const digests = [id("a1"), id("b1")];
  await store.addEpoch({ epoch: 1, root: buildEpoch(digests).root, digests });
  await store.epochCommitted(1, "0xt");
  expect((await get("/v1/sites")).body).toEqual({
    items: [
      { site: "a", state: "ready", rows: 2 },
      { site: "b", state: "unknown", rows: 0 },
    ],
  });
  expect((await get("/v1/sites/a/plans")).body).toEqual({
    items: [{ ...plan, answer: "ACCEPTED", code: null }],
    status: [statusOf("boiler", 5)],
  });
  expect((await get("/v1/statistics")).body).toMatchObject({
    samples: 1,
    slots: 1,
    importWh: 100,
    sites: 2,
    rejected: { "intake-malformed": 3 },
  });
  expect((await get("/v1/sites/b/statistics")).body).toMatchObject({ samples: 0, importWh: 0 });
  const { root } = buildEpoch(digests);
  expect((await get("/v1/epochs")).body).toEqual({
    items: [{ epoch: 1, root, committedTx: "0xt", final: false, blobs: 0, count: 2 }],
    next: null,
  });
  expect((await get("/v1/epochs?limit=1")).body).toMatchObject({ next: 1 });
  expect((await get("/v1/epochs?limit=1&cursor=1")).body).toEqual({ items: [], next: null });
  const { body } = await get(`/v1/log/digests/${id("b1")}`);
  expect(body).toMatchObject({ epoch: 1, root, count: 2, committedTx: "0xt" });
  expect(verifyInclusion(root, id("b1"), body["proof"] as string[])).toBe(true);
});

it("says 500 as a problem when the store fails", async () => {
  const { get, fail } = await api();
  fail();
  expect(await get("/v1/statistics")).toMatchObject({
    status: 500,
    type: "application/problem+json",
    body: { title: "unexpected", detail: expect.not.stringContaining("disk full") },
  });
});

it("shows what never came of a site", async () => {
  const { get, store } = await api();
  await store.ingest("a", message([slotItem(1, 0, 5), slotItem(2, 2, 5)]));
  expect(await get("/v1/sites/a/gaps?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z")).toMatchObject({
    status: 200,
    body: {
      items: [{ kind: "slots", from: "2026-03-01T23:15:00.000Z", to: "2026-03-01T23:30:00.000Z", reason: "no slot came" }],
    },
  });
  expect(await get("/v1/sites/a/gaps?from=yesterday")).toMatchObject({ status: 400, body: { title: "bad-query" } });
  expect(await get("/v1/sites/zz/gaps?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z")).toMatchObject({ status: 404 });
});

describe("tokens", () => {
  /** Every path of the document, its parameters filled in for home b. */
  const paths = async (
    app: Awaited<ReturnType<typeof api>>["app"],
  ): Promise<{ path: string; needsToken: boolean; asks: boolean }[]> => {
    const document = (await (await app.request("/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { security?: unknown[] }>>;
    };
    expect(document.openapi).toBe("3.1.0");
    return Object.entries(document.paths).map(([path, methods]) => ({
      path: path
        .replace("{site}", "b")
        .replace("{seq}", "1")
        .replace("{digest}", id("b1"))
        .replace("{by}", aggregator.owner)
        .replace("{epoch}", "1"),
      needsToken: Object.values(methods).every(({ security }) => security !== undefined),
      asks: "get" in methods,
    }));
  };
  const span = "?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z";
  const spanOf = (path: string): string => (/\/(gaps|settlement\/(statistics|spending))$/.test(path) ? span : "");

  it("are asked for by every path but those of the public log", async () => {
    const { app, get } = await api({ open: false });
    const all = await paths(app);
    expect(all.filter(({ needsToken }) => !needsToken).map(({ path }) => path)).toEqual([
      "/v1/epochs",
      `/v1/log/digests/${id("b1")}`,
      `/v1/log/${aggregator.owner}/1`,
    ]);
    for (const { path, needsToken, asks } of all) {
      // The public data of an epoch is no JSON.
      if (!asks || path.startsWith(`/v1/log/${aggregator.owner}`)) continue;
      const { status, body, wanted } = await get(path + spanOf(path));
      if (needsToken)
        expect([path, status, body["title"], wanted]).toEqual([path, 401, "token-missing", 'Bearer realm="smart-mla"']);
      else expect([200, 404]).toContain(status);
    }
  });

  it("of a household show its own home and no other", async () => {
    const { app, get, header } = await api({ open: false });
    const [own, foreign] = [await header("household", "b"), await header("household", "a")];
    for (const { path } of (await paths(app)).filter(({ path: one }) => one.includes("/b"))) {
      const full = path + spanOf(path);
      expect([path, (await get(full, foreign)).status]).toEqual([path, 403]);
      // Nothing is settled with b, and its record has one signature only.
      expect(path.endsWith("/escrow") ? [404] : [200, 409]).toContain((await get(full, own)).status);
    }
    const sites = async (path: string, who: string) =>
      ((await get(path, who)).body["items"] as { site: string }[]).map(({ site }) => site);
    expect(await sites("/v1/sites", own)).toEqual(["b"]);
    expect(await sites("/v1/settlements", own)).toEqual(["b", "b"]);
    expect(await sites("/v1/settlements?cursor=a/1", own)).toEqual(["b", "b"]);
    expect((await get("/v1/settlements?site=a", own)).status).toBe(403);
    expect((await get("/v1/sites/zz/statistics", own)).status).toBe(403);
    expect((await get("/v1/statistics", own)).status).toBe(403);
  });

  it("of auditors and operators show all homes", async () => {
    const { get, header } = await api({ open: false });
    for (const role of ["auditor", "operator"] as const) {
      const token = await header(role);
      expect((await get("/v1/statistics", token)).status).toBe(200);
      expect((await get("/v1/settlements", token)).body["items"]).toHaveLength(5);
      expect((await get("/v1/settlements?site=a", token)).body["items"]).toHaveLength(3);
    }
  });

  it("that do not hold are refused, also where none is needed", async () => {
    const { get, header } = await api({ open: false });
    const bad = [
      await header("operator", null, { revokedMs: nowMs - 1 }),
      await header("operator", null, { expiresMs: nowMs }),
      "Bearer sma_unknown",
      "Basic b3BlcmF0b3I6",
      "",
    ];
    for (const token of bad)
      for (const path of ["/v1/statistics", "/v1/epochs"])
        expect([token, (await get(path, token)).body["title"]]).toEqual([token, "token-bad"]);
  });
});

describe("settlement", () => {
  it("is added up by home, kind and time, with what each side owes", async () => {
    const { get, store, header } = await api({ open: false });
    const auditor = await header("auditor");
    for (const seq of [1, 2, 3]) await store.updateRecord("a", seq, { state: "cosigned" });
    await store.updateRecord("b", 1, { state: "cosigned" });
    const span = "from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z";
    const { record } = await exampleBundle(domain);
    const line = (site: string, from: string, records: number) => ({
      site,
      from,
      kind: "export",
      records,
      wh: records * record.wh,
      householdOwes: "0",
      aggregatorOwes: String(BigInt(records) * BigInt(record.amount)),
    });
    const asked = async (query: string, who: string) =>
      (await get(`/v1/settlement/statistics?${span}${query}`, who)).body["items"];
    expect(await asked("", auditor)).toEqual([
      line("a", "2026-03-01T00:00:00.000Z", 3),
      line("b", "2026-03-01T00:00:00.000Z", 1),
    ]);
    expect(await asked("&step=month&site=a", auditor)).toEqual([line("a", "2026-03-01T00:00:00.000Z", 3)]);
    expect(await asked("&step=all", await header("household", "b"))).toEqual([line("b", "2026-03-01T00:00:00.000Z", 1)]);
    expect((await get(`/v1/settlement/statistics?${span}&site=a`, await header("household", "b"))).status).toBe(403);
  });

  it("says what a record has cost", async () => {
    const { get, store } = await api();
    const one = { chainId: 1, block: 1, atMs: nowMs, gas: 50_000n, blobGas: 0n };
    await store.addSpent({ ...one, hash: "0x1", what: "commit", feeWei: 1000n, records: 96 });
    await store.addSpent({ ...one, hash: "0x2", what: "settleMany", feeWei: 501n, records: 4 });
    expect((await get("/v1/settlement/spending?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z")).body).toMatchObject({
      feeWei: "1501",
      records: 96,
      feeWeiPerRecord: "16",
      items: expect.arrayContaining([expect.objectContaining({ what: "commit", transactions: 1, gas: "50000", feeWei: "1000" })]),
    });
    expect((await get("/v1/settlement/spending?from=2026-03-03T00:00:00Z&to=2026-03-04T00:00:00Z")).body).toMatchObject({
      items: [],
      feeWeiPerRecord: null,
    });
  });

  it("shows both sides' escrow, or that the chain does not answer", async () => {
    const { get, bundle, leave } = await api();
    const { agreement } = bundle.agreement;
    const sides = [
      { owner: agreement.a, balance: "11", leaving: "1", owed: "100" },
      { owner: agreement.b, balance: "22", leaving: "2", owed: "30" },
    ];
    const aggregatorIsA = agreement.aggregator === agreement.a;
    expect((await get("/v1/sites/a/escrow")).body).toEqual({
      currency: "EUR",
      household: sides[aggregatorIsA ? 1 : 0],
      aggregator: sides[aggregatorIsA ? 0 : 1],
      householdOwesOpen: aggregatorIsA ? "-7" : "7",
      settled: 5,
    });
    leave();
    expect(await get("/v1/sites/a/escrow")).toMatchObject({ status: 503, body: { title: "chain-unreachable" } });
  });

  it("gives auditors all that they recompute, a household its own, and anybody what was published", async () => {
    const { app, store, bundle, header } = await api({ open: false });
    const signatures = { state: "cosigned", gatewaySignature: bundle.signatureA, ownSignature: bundle.signatureB } as const;
    await store.updateRecord("a", 1, signatures);
    await store.updateRecord("b", 1, signatures);
    const text = async (who: string) =>
      (await app.request("/v1/archive", { headers: { authorization: who } })).text().then((all) => all.trim().split("\n"));
    const entries: ArchiveLine["kind"][] = [];
    for await (const { entry } of readArchive(await text(await header("auditor")), "api")) entries.push(entry.kind);
    expect(entries).toEqual(["agreement", "record", "record"]);
    expect(await text(await header("household", "b"))).toHaveLength(1);
    const published = await app.request(`/v1/log/${aggregator.owner}/1`);
    expect([published.status, [...new Uint8Array(await published.arrayBuffer())]]).toEqual([200, [1, 2, 3]]);
  });

  it("lets an operator, and nobody else, decide a dispute", async () => {
    const { get, post, store, bundle, header } = await api({ open: false });
    const { record } = bundle;
    await store.updateRecord("a", 3, { state: "disputed" });
    await store.addDispute({
      site: "a",
      seq: 3,
      source: "home",
      code: "settlement-energy-differs",
      message: "120 Wh here",
      own: { wh: 120 },
      record: { ...record, seq: 3 },
      atMs: nowMs,
    });
    const operator = await header("operator");
    const { body } = await get("/v1/disputes", operator);
    const [dispute] = body["items"] as { id: number; own: unknown; resolution: unknown }[];
    expect(dispute).toMatchObject({ site: "a", seq: 3, own: { wh: 120 }, proposed: { wh: record.wh }, resolution: null });
    expect((await get("/v1/disputes", await header("household", "b"))).body["items"]).toEqual([]);
    const place = `/v1/disputes/${dispute?.id}/resolution`;
    expect((await post(place, { how: "skip" }, await header("auditor"))).status).toBe(403);
    expect((await post(place, { how: "skip" })).status).toBe(401);
    expect((await post(place, { how: "maybe" }, operator)).body["title"]).toBe("bad-query");
    expect((await post("/v1/disputes/999/resolution", { how: "skip" }, operator)).body["title"]).toBe("dispute-unknown");
    expect(await post(place, { how: "skip" }, operator)).toEqual({
      status: 200,
      body: { id: dispute?.id, site: "a", seq: 3, resolution: "skip" },
    });
    expect((await post(place, { how: "skip" }, operator)).body["title"]).toBe("dispute-resolved");
    expect((await get("/v1/disputes", operator)).body["items"]).toEqual([]);
    expect((await get("/v1/disputes?all=true", operator)).body["items"]).toMatchObject([{ resolution: "skip" }]);
  });
});
