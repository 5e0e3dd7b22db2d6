import { expect, it } from "vitest";
import { apiRig, nowMs } from "./api-rig.ts";

const dayMs = 86_400_000;
const today = Math.floor(nowMs / dayMs) * dayMs;
const iso = (atMs: number): string => new Date(atMs).toISOString();
const span = `from=${iso(today - 7 * dayMs)}&to=${iso(today + dayMs)}`;

async function rig() {
  const room = await apiRig({ open: false });
  await room.store.addLimitCosts({
    curtailments: [
      { site: "a", dayMs: today - dayMs, wh: 1000 },
      { site: "a", dayMs: today, wh: 500 },
      { site: "b", dayMs: today - 2 * dayMs, wh: 3000 },
      { site: "b", dayMs: today - 9 * dayMs, wh: 400 },
    ],
    shortfalls: [
      { feeder: "elm", kind: "import-limit", startMs: today, endMs: today + 900_000, amountW: 700, atMs: today - dayMs },
    ],
  });
  return room;
}

it("shows an operator who gave up what, and what of it counts for the next plan", async () => {
  const { get, header } = await rig();
  const { status, body } = await get(`/v1/curtailments?${span}`, await header("operator"));
  expect(status).toBe(200);
  expect(body["items"]).toEqual([
    { site: "b", day: iso(today - 2 * dayMs), wh: 3000 },
    { site: "a", day: iso(today - dayMs), wh: 1000 },
    { site: "a", day: iso(today), wh: 500 },
  ]);
  // What is older counts less, today not at all yet.
  expect(body["homes"]).toEqual([
    { site: "a", wh: 1500, countsWh: 1000 },
    { site: "b", wh: 3000, countsWh: Math.round(3000 * 0.97 + 400 * 0.97 ** 8) },
  ]);
});

it("shows a household its own alone, and nobody without a token anything", async () => {
  const { get, header } = await rig();
  const own = await get(`/v1/curtailments?${span}`, await header("household", "a"));
  expect((own.body["items"] as { site: string }[]).map(({ site }) => site)).toEqual(["a", "a"]);
  expect((own.body["homes"] as { site: string }[]).map(({ site }) => site)).toEqual(["a"]);
  expect((await get(`/v1/curtailments?${span}`)).status).toBe(401);
  expect((await get("/v1/curtailments?from=yesterday", await header("operator"))).status).toBe(400);
});

it("shows operators and auditors the slots in which a limit is not kept", async () => {
  const { get, header } = await rig();
  const { body } = await get(`/v1/shortfalls?${span}`, await header("auditor"));
  expect(body["items"]).toEqual([
    {
      feeder: "elm",
      kind: "import-limit",
      from: iso(today),
      until: iso(today + 900_000),
      amountW: 700,
      plannedAt: iso(today - dayMs),
    },
  ]);
  expect((await get(`/v1/shortfalls?${span}`, await header("household", "a"))).status).toBe(403);
});
