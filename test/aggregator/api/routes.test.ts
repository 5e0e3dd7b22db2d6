import { id } from "ethers";
import { describe, expect, it } from "vitest";
import { buildEpoch, verifyInclusion } from "../../../settlement/log/epoch.ts";
import { aggregator } from "../../settlement/fixture.ts";
import { planOf, statusOf } from "../plans.ts";
import { message, sampleItem, slotItem } from "../rows.ts";
import { apiRig, nowMs } from "./api-rig.ts";

it("pages through settlements, each record once", async () => {
  const { get } = await apiRig();
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
  const { get } = await apiRig();
  expect(await get(path)).toMatchObject({
    status,
    type: "application/problem+json",
    body: { type: `urn:smart-mla:${code}`, title: code, status, detail: expect.stringMatching(/./) },
  });
});

it("does not read what is too long to be asked for, from nobody", async () => {
  const { app } = await apiRig({ open: false });
  let read = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      read += 1;
      if (read > 1000) controller.close();
      else controller.enqueue(new Uint8Array(64 * 1024).fill(0x79));
    },
  });
  const asked = new Request("http://127.0.0.1/v1/disputes/1/resolution", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    duplex: "half",
  });
  const answer = await app.fetch(asked);
  expect([answer.status, ((await answer.json()) as { title: string }).title]).toEqual([400, "bad-query"]);
  expect(read).toBeLessThan(10);
});

it.each([
  ["no JSON", { "content-type": "application/json" }, "{", "no JSON"],
  ["said to be something else", { "content-type": "text/plain" }, '{"how":"skip"}', "content-type: application/json"],
])("says what is wrong with a body that is %s", async (_, headers, body, said) => {
  const { app } = await apiRig();
  const answer = await app.request("/v1/disputes/1/resolution", { method: "POST", headers, body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(said)]);
});

it("gives the bundle of a record that both have signed", async () => {
  const { get, bundle } = await apiRig();
  expect(await get("/v1/settlements/a/1/bundle")).toMatchObject({ status: 200, body: JSON.parse(JSON.stringify(bundle)) });
});

it("shows homes, their rows and plans, statistics and epochs", async () => {
  const { get, store } = await apiRig();
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
      { site: "a", state: "ready", rows: 2, unsettled: false },
      { site: "b", state: "unknown", rows: 0, unsettled: true },
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
  const { get, fail } = await apiRig();
  fail();
  expect(await get("/v1/statistics")).toMatchObject({
    status: 500,
    type: "application/problem+json",
    body: { title: "unexpected", detail: expect.not.stringContaining("disk full") },
  });
});

it("shows what never came of a site", async () => {
  const { get, store } = await apiRig();
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
    app: Awaited<ReturnType<typeof apiRig>>["app"],
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
  const spanOf = (path: string): string =>
    /\/(gaps|events|rewards|income|market\/orders|settlement\/(statistics|spending))$/.test(path) ? span : "";

  it("are asked for by every path but those of the public log", async () => {
    const { app, get } = await apiRig({ open: false });
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
    const { app, get, header } = await apiRig({ open: false });
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
    const { get, header } = await apiRig({ open: false });
    for (const role of ["auditor", "operator"] as const) {
      const token = await header(role);
      expect((await get("/v1/statistics", token)).status).toBe(200);
      expect((await get("/v1/settlements", token)).body["items"]).toHaveLength(5);
      expect((await get("/v1/settlements?site=a", token)).body["items"]).toHaveLength(3);
    }
  });

  it("that do not hold are refused, also where none is needed", async () => {
    const { get, header } = await apiRig({ open: false });
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
