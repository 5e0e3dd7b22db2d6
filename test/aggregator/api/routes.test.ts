import { expect, it } from "vitest";
import { routes } from "../../../aggregator/api/routes.ts";
import type { Bundle } from "../../../settlement/bundle.ts";
import { exampleBundle } from "../../settlement/fixture.ts";
import { planOf, statusOf } from "../plans.ts";
import { message, sampleItem, scratchStore, slotItem } from "../rows.ts";
import { domain } from "../settle/home-double.ts";

/** An API over a real store with five records at two homes; only the first of home a can be bundled. */
async function api() {
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
        digest: `0x${site}${seq}`,
        evidence: bundle.evidence,
        prices: null,
        state: "proposed",
        gatewaySignature: null,
        ownSignature: null,
        epoch: null,
      },
      { kind: "import", nextMs: seq },
    );
  let broken = false;
  const app = routes({
    store: {
      ...store,
      statistics: (site) => (broken ? Promise.reject(new Error("disk full")) : store.statistics(site)),
    },
    sites: ["a", "b"],
    states: new Map([["a", "ready"]]),
    rejected: () => ({ "intake-malformed": 3 }),
    bundleOf: async ({ site, record }): Promise<Bundle | null> => (site === "a" && record.seq === 1 ? bundle : null),
  });
  const get = async (path: string) => {
    const response = await app.request(path);
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  return { store, bundle, get, fail: () => (broken = true) };
}

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
  await store.addEpoch({ epoch: 1, root: "0xr", digests: ["0xa1", "0xb1"] });
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
  expect((await get("/v1/epochs")).body).toEqual({
    items: [{ epoch: 1, root: "0xr", committedTx: "0xt", final: false, blobs: 0, count: 2 }],
  });
});

it("says 500 as a problem when the store fails", async () => {
  const { get, fail } = await api();
  fail();
  expect(await get("/v1/statistics")).toMatchObject({
    status: 500,
    type: "application/problem+json",
    body: { title: "unexpected" },
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
