import { expect, it } from "vitest";
import { hvakosterstrommen } from "../../../agent/prices/hvakosterstrommen.ts";
import { httpDevice } from "../../fake/http-device.ts";

/** One local day in hours, with the offset of its clocks. */
function day(startMs: number, hours: number) {
  const local = (atMs: number): string => {
    const offset = atMs >= Date.parse("2026-10-25T01:00Z") ? 1 : 2;
    return `${new Date(atMs + offset * 3_600_000).toISOString().slice(0, 19)}+0${offset}:00`;
  };
  return Array.from({ length: hours }, (_, hour) => ({
    NOK_per_kWh: 0.79921 + hour / 1000,
    EUR_per_kWh: 0.0687,
    EXR: 11.6335,
    time_start: local(startMs + hour * 3_600_000),
    time_end: local(startMs + (hour + 1) * 3_600_000),
  }));
}

const autumn = Date.parse("2026-10-24T22:00Z");

it("asks for a file for each local day, takes what is not yet published as no prices, and keeps both hours from 2 to 3", async () => {
  const server = await httpDevice(({ path }) =>
    path.endsWith("10-25_NO1.json") ? { body: day(autumn, 25) } : { status: 404, body: "not found" },
  );
  const provider = hvakosterstrommen({ url: `${server.url}/api/v1/prices`, area: "NO1", currency: "NOK" });
  const { steps, gaps, currency } = await provider.fetch(autumn, autumn + 49 * 3_600_000, AbortSignal.timeout(10_000));
  expect(server.asked).toEqual(["GET /api/v1/prices/2026/10-25_NO1.json", "GET /api/v1/prices/2026/10-26_NO1.json"]);
  expect([steps.length, gaps, currency]).toEqual([25, 0, "NOK"]);
  expect(steps.every(({ startMs }, hour) => startMs === autumn + hour * 3_600_000)).toBe(true);
  expect(steps[3]?.microPerKwh).toBe(802_210n);
});

it("takes EUR where the house counts in it", async () => {
  const server = await httpDevice(() => ({ body: day(autumn, 25) }));
  const provider = hvakosterstrommen({ url: server.url, area: "NO1", currency: "EUR" });
  const { steps } = await provider.fetch(autumn, autumn + 3_600_000, AbortSignal.timeout(10_000));
  expect(steps.map(({ microPerKwh }) => microPerKwh)).toEqual([68_700n]);
});

it("counts an entry with a time that is none", async () => {
  const [first, second] = day(autumn, 2);
  const server = await httpDevice(() => ({ body: [first, { ...second, time_start: "soon" }] }));
  const provider = hvakosterstrommen({ url: server.url, area: "NO1", currency: "NOK" });
  const { steps, gaps } = await provider.fetch(autumn, autumn + 7_200_000, AbortSignal.timeout(10_000));
  expect([steps.length, gaps]).toEqual([1, 1]);
});

it.each([
  [500, "{}", "service-refused"],
  [200, '{"error":"x"}', "service-bad-reply"],
])("says that status %s with %s is no answer", async (status, body, code) => {
  const server = await httpDevice(() => ({ status, body }));
  const provider = hvakosterstrommen({ url: server.url, area: "NO1", currency: "NOK" });
  await expect(provider.fetch(autumn, autumn + 1, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code });
});
