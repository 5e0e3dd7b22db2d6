import { describe, expect, it } from "vitest";
import { type ArchiveLine, readArchive } from "../../../settlement/log/archive.ts";
import { aggregator, exampleBundle } from "../../settlement/fixture.ts";
import { domain } from "../settle/home-double.ts";
import { apiRig, nowMs } from "./api-rig.ts";

describe("settlement", () => {
  it("is added up by home, kind and time, with what each side owes", async () => {
    const { get, store, header } = await apiRig({ open: false });
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

  it("takes only cursors whose number a database can hold", async () => {
    const { get } = await apiRig();
    expect((await get("/v1/settlements?cursor=a/1")).status).toBe(200);
    for (const cursor of [`a/${"9".repeat(16)}`, `a/${"9".repeat(400)}`, "a/-1", "a/1e3", "a", "/1", "a/b/1"])
      expect((await get(`/v1/settlements?cursor=${cursor}`)).body["title"]).toBe("bad-query");
  });

  it("says what a record has cost", async () => {
    const { get, store } = await apiRig();
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
    const { get, bundle, leave } = await apiRig();
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
    const { app, store, bundle, header } = await apiRig({ open: false });
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

  it("shows a household what it owes without a signature, and no other household", async () => {
    const { get, header, store, bundle } = await apiRig({ open: false });
    const record = { ...bundle.record, seq: 3 };
    const said = { code: "settlement-unsigned-import", message: "owed", own: {} };
    await store.addDispute({ site: "a", seq: 3, source: "aggregator", ...said, record, atMs: nowMs });
    const [own, other] = [await header("household", "a"), await header("household", "b")];
    const { body } = await get("/v1/disputes", own);
    expect(body["items"]).toMatchObject([{ source: "aggregator", unsigned: { wh: 0, amount: "0" } }]);
    expect((await get("/v1/disputes/1/evidence", own)).body).toMatchObject({ site: "a", wh: 0, slots: [], record: { seq: 3 } });
    expect((await get("/v1/disputes/1/evidence", other)).body["title"]).toBe("dispute-unknown");
    await store.signedNow("a", nowMs);
    expect((await get("/v1/disputes/1/evidence", own)).body["title"]).toBe("dispute-no-evidence");
  });
  it("lets an operator, and nobody else, decide a dispute", async () => {
    const { get, post, store, bundle, header } = await apiRig({ open: false });
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
