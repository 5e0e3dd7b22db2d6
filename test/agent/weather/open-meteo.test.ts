import { expect, it } from "vitest";
import { openMeteo } from "../../../agent/weather/open-meteo.ts";
import { httpDevice } from "../../fake/http-device.ts";

const startMs = Date.parse("2026-06-01T12:00:00Z");
const signal = AbortSignal.timeout(20_000);
const time = [0, 1, 2].map((hour) => startMs / 1000 + hour * 3600);
const ask = (url: string) => openMeteo({ url, latitude: 52.377, longitude: 4.9 }).fetch(signal);

it("reads hours, and puts the irradiance to the hour that it is the mean of", async () => {
  const server = await httpDevice(() => ({
    body: {
      latitude: 52.38,
      longitude: 4.9,
      hourly_units: { time: "unixtime", temperature_2m: "°C", cloud_cover: "%", shortwave_radiation: "W/m²" },
      hourly: { time, temperature_2m: [20, 21.5, null], cloud_cover: [0, 100, 50], shortwave_radiation: [700, 650, -1] },
    },
  }));
  const { points, gaps } = await ask(server.url);
  expect(points).toEqual([
    { startMs, temperatureC: 20, cloudPercent: 0, irradianceWm2: 650 },
    { startMs: startMs + 3_600_000, temperatureC: 21.5, cloudPercent: 100, irradianceWm2: null },
  ]);
  expect(gaps).toBe(1);
  expect(server.asked[0]).toContain("latitude=52.38&longitude=4.90&hourly=");
});

it.each([[{ error: true, reason: "no" }], [[1]]])("refuses %j", async (body) => {
  const server = await httpDevice(() => ({ body }));
  await expect(ask(server.url)).rejects.toMatchObject({ code: "service-bad-reply" });
});
