import { expect, it } from "vitest";
import { metNo } from "../../../agent/weather/met-no.ts";
import { startWeatherKeeper } from "../../../agent/weather/weather-keeper.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { httpDevice } from "../../fake/http-device.ts";
import { silentLog } from "../../fake/silent-log.ts";

const startMs = Date.parse("2026-06-01T10:30:00Z");
const minuteMs = 60_000;
const place = { latitude: 52.4, longitude: 4.9 };

async function house() {
  const state = { broken: false, expiresMs: startMs + 2 * 60 * minuteMs };
  const server = await httpDevice(() => {
    if (state.broken) return { status: 500, body: "" };
    const timeseries = Array.from({ length: 48 }, (_, hour) => ({
      time: new Date(Date.parse("2026-06-01T10:00:00Z") + hour * 3_600_000).toISOString(),
      data: { instant: { details: { air_temperature: hour, ...(hour !== 1 && { cloud_area_fraction: 0 }) } } },
    }));
    return { headers: { expires: new Date(state.expiresMs).toUTCString() }, body: { properties: { timeseries } } };
  });
  const [clock, log, stop] = [fakeClock(startMs), silentLog(), new AbortController()];
  const provider = metNo({ ...place, url: server.url, altitudeM: null, contact: "a@b.c" });
  const keeper = startWeatherKeeper({ provider, ...place, clock, log, random: () => 0.5, signal: stop.signal });
  return { state, server, clock, log, keeper };
}

it("keeps to the time until which the answer is good", async () => {
  const { server, clock } = await house();
  await clock.advance(125 * minuteMs);
  expect(server.asked).toHaveLength(1);
  await clock.advance(minuteMs);
  expect(server.asked).toHaveLength(2);
  // From then on what it says has expired already: not more often than each half an hour.
  await clock.advance(31 * minuteMs);
  expect(server.asked).toHaveLength(2);
  await clock.advance(minuteMs);
  expect(server.asked).toHaveLength(3);
});

it("gives the forecast from now on, with irradiance worked out from the clouds where they are known", async () => {
  const { keeper, clock } = await house();
  expect(keeper.forecast()).toEqual([]);
  await clock.advance(0);
  const [now, next] = keeper.forecast();
  expect(now).toMatchObject({ startMs: Date.parse("2026-06-01T10:00:00Z"), temperatureC: 0, isEstimated: true });
  expect(now?.irradianceWm2).toBeGreaterThan(700);
  expect(next).toMatchObject({ temperatureC: 1, irradianceWm2: null, isEstimated: false });
  await clock.advance(40 * minuteMs);
  expect(keeper.forecast()[0]?.temperatureC).toBe(1);
});

it("keeps the last forecast while the service fails, and says so once", async () => {
  const { keeper, state, clock, log, server } = await house();
  await clock.advance(0);
  state.broken = true;
  await clock.advance(3 * 60 * minuteMs);
  expect(server.asked.length).toBeGreaterThan(3);
  expect(keeper.state()).toMatchObject({ provider: "met_no", failure: { code: "service-refused" } });
  expect(keeper.forecast()[0]?.temperatureC).toBe(3);
  expect(log.lines.map(({ message }) => message)).toEqual(["weather forecast could not be fetched"]);
  state.broken = false;
  await clock.advance(60 * minuteMs);
  expect(keeper.state().failure).toBeNull();
});
