import { expect, it } from "vitest";
import { baseLoadW } from "../../../aggregator/optimise/base-load.ts";
import { boiler, planOf } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const dayMs = 86_400_000;
const slot = (startMs: number, wh: number) => ({ startMs, endMs: startMs + quarterMs, wh });
const now = [{ startMs: midnightMs, endMs: midnightMs + quarterMs }];

it("takes the same time of the newest day that is known, and a guess where there is none", () => {
  const past = { exported: [], plans: [], imported: [slot(midnightMs - 3 * dayMs, 100), slot(midnightMs - 2 * dayMs, 200)] };
  expect(baseLoadW(past, [boiler], now)).toEqual([800]);
  expect(baseLoadW({ ...past, imported: [] }, [boiler], now)).toEqual([1500]);
});

it("leaves out what appliances had been told to draw, by the newest plan of that time", () => {
  const list = planOf("boiler", 1);
  const past = { exported: [], imported: [slot(midnightMs, 600)], plans: [{ list, atMs: midnightMs - 1 }] };
  const next = [{ startMs: midnightMs + dayMs, endMs: midnightMs + dayMs + quarterMs }];
  expect(baseLoadW(past, [boiler], next)).toEqual([400]);
  const taken = { list: { ...list, instructions: [] }, atMs: midnightMs };
  expect(baseLoadW({ ...past, plans: [...past.plans, taken] }, [boiler], next)).toEqual([2400]);
  // It drew less than it was told: that is no panel.
  expect(baseLoadW({ ...past, imported: [slot(midnightMs, 300)] }, [boiler], next)).toEqual([0]);
});

it("is below nothing where the home exports", () => {
  const past = { plans: [], imported: [slot(midnightMs - dayMs, 0)], exported: [slot(midnightMs - dayMs, 500)] };
  expect(baseLoadW(past, [boiler], now)).toEqual([-2000]);
});
