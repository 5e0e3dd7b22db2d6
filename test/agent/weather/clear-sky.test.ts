import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clearSkyWm2, cloudySkyWm2, cosZenith } from "../../../agent/weather/clear-sky.ts";

/** Elevation in degrees. */
const elevation = (at: string, latitude: number, longitude: number): number =>
  90 - (Math.acos(cosZenith(Date.parse(at), latitude, longitude)) * 180) / Math.PI;

describe("the sun", () => {
  it.each([
    // At noon it stands at 90° - latitude + declination; the equation of time moves noon by up to a quarter of an hour.
    ["2026-06-21T12:02Z", 52, 0, 61.4],
    ["2026-12-21T11:58Z", 52, 0, 14.6],
    ["2026-03-20T12:07Z", 0, 0, 89.9],
    ["2026-06-21T00:02Z", 70, 0, 3.4],
  ])("stands at %s at %s°, %s° at %s°", (at, latitude, longitude, degrees) => {
    expect(Math.abs(elevation(at, latitude, longitude) - degrees)).toBeLessThan(0.4);
  });
  it("is highest when local solar noon is, east and west", () => {
    const noon = elevation("2026-06-21T12:02Z", 45, 0);
    expect(elevation("2026-06-21T06:02Z", 45, 90)).toBeCloseTo(noon, 0);
    expect(elevation("2026-06-21T18:02Z", 45, -90)).toBeCloseTo(noon, 0);
  });
});

describe("irradiance", () => {
  it("is that of Haurwitz without clouds, and none at night", () => {
    expect(clearSkyWm2(Date.parse("2026-06-21T12:02Z"), 52, 0)).toBeCloseTo(903, -1);
    expect(clearSkyWm2(Date.parse("2026-06-21T00:00Z"), 52, 0)).toBe(0);
  });
  it("falls to a quarter under a closed sky", () => {
    expect([0, 100].map((cloud) => cloudySkyWm2(800, cloud))).toEqual([800, 200]);
  });
  it("is never below zero, above the sun's, or more under more clouds", () => {
    const when = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2099-01-01") });
    const cloud = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        when,
        fc.integer({ min: -90, max: 90 }),
        fc.integer({ min: -180, max: 180 }),
        cloud,
        cloud,
        (at, lat, lon, one, other) => {
          const clear = clearSkyWm2(at, lat, lon);
          expect(clear >= 0 && clear <= 1098).toBe(true);
          const [less, more] = [Math.min(one, other), Math.max(one, other)];
          expect(cloudySkyWm2(clear, more)).toBeLessThanOrEqual(cloudySkyWm2(clear, less));
        },
      ),
    );
  });
});
