import { expect, it } from "vitest";
import { boiler, planOf, statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";
import { apiRig, nowMs } from "./api-rig.ts";

it("shows what may be controlled at a home and how it stands", async () => {
  const { get, store } = await apiRig();
  await store.saveResource("a", boiler);
  await store.saveResource("a", { ...boiler, resource: "car" });
  await store.saveStatus("a", statusOf("boiler", 5));
  expect((await get("/v1/sites/a/resources")).body).toEqual({
    items: [
      { description: boiler, status: statusOf("boiler", 5) },
      { description: { ...boiler, resource: "car" }, status: null },
    ],
  });
  expect((await get("/v1/sites/zz/resources")).status).toBe(404);
});

it("shows plans in force and past, with contract, validity, what they supersede and the home's answer", async () => {
  const { get, store, clock } = await apiRig();
  const agreement = `0x${"ab".repeat(32)}`;
  const hourMs = 3_600_000;
  const at = (fromMs: number, number: number) => {
    const plan = planOf("boiler", number);
    const [from, until] = [new Date(fromMs).toISOString(), new Date(fromMs + hourMs).toISOString()];
    const instructions = plan.instructions.map((one) => ({ ...one, executionTime: from, validUntil: until }));
    return { ...plan, instructions };
  };
  const plans = [at(midnightMs, 1), at(nowMs, 2), at(nowMs, 3), { ...at(nowMs, 4), agreement }, at(nowMs, 5)];
  for (const [index, plan] of plans.entries()) await store.savePlans("a", [plan], midnightMs + index);
  await store.savePlans("a", [{ plan: planOf("car", 9).plan, resource: "car", instructions: [] }], midnightMs);
  const [one, two, three, four] = plans.map(({ plan }) => plan);
  await store.answerPlan("a", one ?? "", "ACCEPTED", null);
  await store.answerPlan("a", two ?? "", "ACCEPTED", null);
  await store.answerPlan("a", three ?? "", "REJECTED", "plan-over", { message: "it is over", atMs: nowMs });
  await store.answerPlan("a", four ?? "", "ACCEPTED", null, { message: null, atMs: nowMs });
  const states = async (query = "") =>
    ((await get(`/v1/sites/a/plans/history${query}`)).body["items"] as { plan: string; state: string }[]).map(
      ({ plan, state }) => [Number(plan.slice(-2)), state],
    );
  expect(await states("?resource=boiler")).toEqual([
    [5, "unanswered"],
    [4, "in-force"],
    [3, "rejected"],
    [2, "superseded"],
    [1, "superseded"],
  ]);
  expect(await states("?state=in-force")).toEqual([[4, "in-force"]]);
  const { body } = await get("/v1/sites/a/plans/history?resource=boiler&limit=2");
  expect((body["items"] as unknown[])[1]).toMatchObject({
    plan: four,
    resource: "boiler",
    sent: new Date(midnightMs + 3).toISOString(),
    from: new Date(nowMs).toISOString(),
    until: new Date(nowMs + hourMs).toISOString(),
    supersedes: three,
    supersededBy: null,
    agreement,
    answer: { status: "ACCEPTED", code: null, message: null, at: new Date(nowMs).toISOString() },
  });
  expect(await states(`?resource=boiler&limit=2&cursor=${String(body["next"])}`)).toEqual([
    [3, "rejected"],
    [2, "superseded"],
  ]);
  expect((await get("/v1/sites/a/plans/history?resource=car")).body).toMatchObject({
    items: [{ from: null, until: null, instructions: [], state: "unanswered" }],
    next: null,
  });
  await clock.advance(hourMs);
  expect((await states("?resource=boiler"))[1]).toEqual([4, "over"]);
});

it("shows operators and auditors who did what, and nobody can do so unnoticed over the API", async () => {
  const { get, post, store, header, bundle } = await apiRig({ open: false });
  const token = await header("operator");
  const [household, auditor] = [await header("household", "a"), await header("auditor")];
  await store.updateRecord("a", 3, { state: "disputed" });
  const { record } = bundle;
  await store.addDispute({ site: "a", seq: 3, source: "home", code: "x", message: "y", own: {}, record, atMs: 1 });
  expect((await post("/v1/disputes/1/resolution", { how: "skip" }, household)).status).toBe(403);
  expect((await post("/v1/disputes/1/resolution", { how: "skip" }, token)).status).toBe(200);
  expect((await post("/v1/disputes/1/resolution", { how: "skip" }, token)).status).toBe(409);
  const id = (await store.tokens()).find(({ role }) => role === "operator")?.id;
  const expected = {
    items: [
      {
        id: expect.any(Number),
        at: new Date(nowMs).toISOString(),
        who: `token ${id}`,
        action: "dispute.resolve",
        site: "a",
        detail: { id: 1, seq: 3, resolution: "skip" },
      },
    ],
    next: null,
  };
  for (const who of [token, auditor]) expect((await get("/v1/audit", who)).body).toEqual(expected);
  expect((await get("/v1/audit?site=b", token)).body).toEqual({ items: [], next: null });
  expect((await get("/v1/audit", household)).status).toBe(403);
});

it("shows a household what its gateway runs by from afar", async () => {
  const { get, store, header } = await apiRig({ open: false });
  const token = await header("household", "a");
  expect((await get("/v1/sites/a/config", token)).body).toEqual({ state: "silent", wanted: null, report: null, reported: null });
  const revision = "00000000-0000-4000-8000-000000000001";
  await store.want("a", { revision, wanted: { "log.level": "debug" } });
  const at = new Date(nowMs).toISOString();
  const report = { v: 1, revision, state: "trying", config: { "log.level": "debug" }, failed: null, at } as const;
  await store.saveReport("a", report, nowMs);
  expect((await get("/v1/sites/a/config", token)).body).toEqual({
    state: "trying",
    wanted: { revision, config: { "log.level": "debug" } },
    report,
    reported: at,
  });
  expect((await get("/v1/sites/b/config", token)).status).toBe(403);
});
