import { expect, it } from "vitest";
import type { FlexEvent } from "../../../aggregator/store/event-store.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { apiRig } from "./api-rig.ts";

const dayMs = 96 * quarterMs;
const agreement = `0x${"7e".repeat(32)}`;
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const eventOf = (site: string, number: number, change: Partial<FlexEvent> = {}): FlexEvent => ({
  site,
  plan: uuid(number),
  resource: "car",
  agreement,
  meter: "car-meter",
  baseline: "charge_now",
  startMs: midnightMs + number * quarterMs,
  endMs: midnightMs + (number + 4) * quarterMs,
  powerW: 8000,
  overridden: false,
  excused: false,
  ...change,
});
const span = "from=2026-03-01T23:00:00Z&to=2026-03-02T23:00:00Z";

/** Two homes with events and rewards of a day. */
async function flexible() {
  const rig = await apiRig({ open: false });
  const { store } = rig;
  const events = [
    eventOf("a", 1),
    eventOf("a", 2, { overridden: true }),
    eventOf("a", 3, { excused: true }),
    eventOf("a", 4),
    eventOf("a", 5),
    eventOf("b", 6),
  ];
  for (const event of events) await store.addEvent(event);
  const list = (number: number) => ({ plan: uuid(number), resource: "car", instructions: [] });
  await store.savePlans("a", [1, 2, 3, 4, 5].map(list), 1);
  for (const number of [1, 2, 3]) await store.answerPlan("a", uuid(number), "ACCEPTED", null);
  await store.answerPlan("a", uuid(4), "REJECTED", "x");
  await store.ingest("a", message([slotItem(1, 0, 1)]));
  const day = { startMs: midnightMs, endMs: midnightMs + dayMs, agreement };
  const slots = [{ start: "2026-03-01T23:15:00Z", end: "2026-03-01T23:30:00Z", baselineWh: 2, meteredWh: 1, perKwh: "5" }];
  const evidence = {
    fundedPpm: 500_000,
    events: [{ plan: uuid(1), resource: "car", meter: "car-meter", baseline: "charge_now" as const, slots }],
  };
  await store.addRewards(
    [
      { ...day, site: "a", earned: 600_000n, amount: 225_000n, evidence },
      { ...day, site: "b", earned: -10n, amount: 0n, evidence: null },
    ],
    1,
    [{ startMs: day.startMs, endMs: day.endMs, source: "avoided costs", micro: 300_000n }],
  );
  return rig;
}

it("shows a household when it was under control and what became of it, and what it got; its own only", async () => {
  const { get, header } = await flexible();
  const household = await header("household", "a");
  const { items } = (await get(`/v1/sites/a/events?${span}`, household)).body as { items: { plan: string; state: string }[] };
  expect(items.map(({ state }) => state)).toEqual(["counts", "overridden", "excused", "refused", "unanswered"]);
  expect(items[0]).toEqual({
    site: "a",
    plan: uuid(1),
    resource: "car",
    agreement,
    meter: "car-meter",
    baseline: "charge_now",
    start: "2026-03-01T23:15:00.000Z",
    end: "2026-03-02T00:15:00.000Z",
    powerW: 8000,
    state: "counts",
  });
  const own = {
    site: "a",
    start: "2026-03-01T23:00:00.000Z",
    end: "2026-03-02T23:00:00.000Z",
    agreement,
    earned: "600000",
    amount: "225000",
    fundedPpm: 500_000,
    plans: [uuid(1)],
  };
  for (const path of ["/v1/sites/a/rewards", "/v1/rewards"])
    expect((await get(`${path}?${span}`, household)).body).toEqual({ items: [own], amount: "225000" });
  for (const path of ["/v1/sites/b/rewards", "/v1/sites/b/events"])
    expect(await get(`${path}?${span}`, household)).toMatchObject({ status: 403, body: { title: "token-not-enough" } });
  expect(await get(`/v1/flexibility/income?${span}`, household)).toMatchObject({ status: 403 });
});

it("shows operators and auditors all, and what it was paid from", async () => {
  const { get, header } = await flexible();
  const auditor = await header("auditor");
  const { body } = await get(`/v1/rewards?${span}`, auditor);
  expect(body).toMatchObject({
    items: [{ site: "a" }, { site: "b", earned: "-10", amount: "0", fundedPpm: null, plans: [] }],
    amount: "225000",
  });
  expect((await get(`/v1/flexibility/income?${span}`, auditor)).body).toEqual({
    items: [{ start: "2026-03-01T23:00:00.000Z", end: "2026-03-02T23:00:00.000Z", source: "avoided costs", micro: "300000" }],
    micro: "300000",
  });
  expect((await get("/v1/rewards?from=2026-03-02T23:00:00Z&to=2026-03-03T23:00:00Z", auditor)).body).toEqual({
    items: [],
    amount: "0",
  });
});

it.each([
  ["/v1/rewards", 401, "token-missing"],
  ["/v1/sites/a/rewards", 401, "token-missing"],
  ["/v1/sites/a/events", 401, "token-missing"],
  ["/v1/flexibility/income", 401, "token-missing"],
])("tells the public nothing of %s", async (path, status, title) => {
  const { get } = await flexible();
  expect(await get(`${path}?${span}`)).toMatchObject({ status, body: { title } });
});

it("names what is wrong with a question, and describes the routes", async () => {
  const { get, header } = await flexible();
  const operator = await header("operator");
  expect(await get("/v1/rewards?from=today", operator)).toMatchObject({
    status: 400,
    body: { title: "bad-query", detail: expect.stringMatching(/^from: [^\n]+; to: missing \(what is expected stands in/) },
  });
  expect(await get(`/v1/sites/c/events?${span}`, operator)).toMatchObject({ status: 404, body: { title: "unknown-site" } });
  const { paths } = (await get("/openapi.json")).body as { paths: object };
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(["/v1/rewards", "/v1/sites/{site}/rewards", "/v1/sites/{site}/events", "/v1/flexibility/income"]),
  );
});
