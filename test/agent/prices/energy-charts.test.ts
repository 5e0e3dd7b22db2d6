import { expect, it } from "vitest";
import { energyCharts } from "../../../agent/prices/energy-charts.ts";
import { httpDevice } from "../../fake/http-device.ts";

const fromMs = Date.parse("2026-03-28T23:00Z");
const toMs = Date.parse("2026-03-29T22:00Z");
const starts = Array.from({ length: 92 }, (_, index) => fromMs / 1000 + index * 900);
const good = {
  license_info: "CC BY 4.0 (creativecommons.org/licenses/by/4.0) from Bundesnetzagentur | SMARD.de",
  unix_seconds: starts,
  price: starts.map((_, index) => (index === 1 ? null : 50 - index)),
  unit: "EUR / MWh",
  deprecated: false,
};

async function fetch(body: unknown, status = 200) {
  const server = await httpDevice(() => ({ status, body }));
  const fetched = energyCharts({ url: server.url, zone: "DE-LU" }).fetch(fromMs, toMs, AbortSignal.timeout(10_000));
  return { asked: server.asked, answer: await fetched };
}

it("reads starts and prices, null as a gap, negative prices as they are", async () => {
  const { asked, answer } = await fetch(good);
  expect(asked).toEqual(["GET /price?bzn=DE-LU&start=2026-03-28&end=2026-03-29"]);
  expect([answer.steps.length, answer.gaps, answer.zone]).toEqual([91, 1, "DE-LU"]);
  expect(answer.steps.at(-1)).toMatchObject({ startMs: toMs - 900_000, endMs: toMs, microPerKwh: -41_000n });
});

it("counts starts that have no price", async () => {
  const { answer } = await fetch({ ...good, price: [1, 2, 3] });
  expect([answer.steps.length, answer.gaps]).toEqual([3, 89]);
});

it("has no prices where the service knows none", async () => {
  const { answer } = await fetch({ detail: "no content available" }, 404);
  expect(answer.steps).toEqual([]);
});

it.each([[{ ...good, unit: "ct/kWh" }], [{ ...good, unix_seconds: "now" }], [null]])("refuses %.40j", async (body) => {
  await expect(fetch(body)).rejects.toMatchObject({ code: "service-bad-reply" });
});
