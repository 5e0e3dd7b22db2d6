import { expect, it } from "vitest";
import { metNo } from "../../../agent/weather/met-no.ts";
import { httpDevice } from "../../fake/http-device.ts";

const startMs = Date.parse("2026-06-01T12:00:00Z");
const entry = (hour: number, details: object) => ({
  time: new Date(startMs + hour * 3_600_000).toISOString().replace(".000", ""),
  data: { instant: { details: { air_pressure_at_sea_level: 1017.3, wind_speed: 3.1, ...details } } },
});
const forecast = (...timeseries: object[]) => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [10.75, 59.91, 12] },
  properties: {
    meta: { updated_at: "2026-06-01T11:04:26Z", units: { air_temperature: "celsius", cloud_area_fraction: "%" } },
    timeseries,
  },
});
const options = { latitude: 59.912345, longitude: 10.7522, altitudeM: 12, contact: "home@example.org" };
const signal = AbortSignal.timeout(20_000);

it("says who asks and where to a kilometre, and asks by If-Modified-Since whether there is news", async () => {
  const asked: unknown[] = [];
  const headers = { expires: "Mon, 01 Jun 2026 12:31:00 GMT", "last-modified": "Mon, 01 Jun 2026 12:00:30 GMT" };
  const server = await httpDevice(({ headers: sent }) => {
    asked.push([sent["user-agent"], sent["if-modified-since"]]);
    return sent["if-modified-since"] === undefined
      ? {
          headers,
          body: forecast(entry(0, { air_temperature: 14.2, cloud_area_fraction: 60.9 }), entry(1, { air_temperature: -3 })),
        }
      : { status: 304, headers, body: "" };
  });
  const provider = metNo({ ...options, url: `${server.url}/compact` });
  const first = await provider.fetch(signal);
  expect(first).toEqual({
    points: [
      { startMs, temperatureC: 14.2, cloudPercent: 60.9, irradianceWm2: null },
      { startMs: startMs + 3_600_000, temperatureC: -3, cloudPercent: null, irradianceWm2: null },
    ],
    expiresMs: Date.parse("2026-06-01T12:31:00Z"),
    gaps: 0,
  });
  expect(await provider.fetch(signal)).toEqual(first);
  expect(server.asked[0]).toBe("GET /compact?lat=59.91&lon=10.75&altitude=12");
  expect(asked).toEqual([
    ["smart-mla/1 home@example.org", undefined],
    ["smart-mla/1 home@example.org", "Mon, 01 Jun 2026 12:00:30 GMT"],
  ]);
});

it("leaves out what cannot be true", async () => {
  const server = await httpDevice(() => ({
    body: forecast(
      entry(0, { air_temperature: 999 }),
      entry(1, { air_temperature: null }),
      entry(2, { air_temperature: 5, cloud_area_fraction: 300 }),
    ),
  }));
  const { points, gaps, expiresMs } = await metNo({ ...options, url: server.url }).fetch(signal);
  expect([points.map(({ cloudPercent }) => cloudPercent), gaps, expiresMs]).toEqual([[null], 2, null]);
});

it.each([
  [403, "Forbidden", "service-refused"],
  [200, '{"properties":{}}', "service-bad-reply"],
  [200, JSON.stringify(forecast()).slice(0, 50), "service-bad-reply"],
])("refuses status %s with %s", async (status, body, code) => {
  const server = await httpDevice(() => ({ status, body }));
  await expect(metNo({ ...options, url: server.url }).fetch(signal)).rejects.toMatchObject({ code });
});
