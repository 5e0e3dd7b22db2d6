import { expect, it } from "vitest";
import { sunshineAt } from "../../../agent/weather/sunshine-at.ts";

const hourMs = 3_600_000;
const points = [100, null, 300].map((irradianceWm2, hour) => ({
  startMs: (10 + hour) * hourMs,
  temperatureC: 10,
  cloudPercent: null,
  irradianceWm2,
}));

it("is what the point says that holds at an instant", () => {
  expect([10, 10.9, 12, 12.9].map((hour) => sunshineAt(points, hour * hourMs))).toEqual([100, 100, 300, 300]);
});

it("is unknown before the first point, an hour after the last, and where a point does not say it", () => {
  expect([9.9, 13, 11.5].map((hour) => sunshineAt(points, hour * hourMs))).toEqual([undefined, undefined, undefined]);
  expect(sunshineAt([], hourMs)).toBeUndefined();
});
