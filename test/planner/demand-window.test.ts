import { expect, it } from "vitest";
import { demandWindows, windowAt } from "../../planner/demand-window.ts";

const zone = "Europe/Amsterdam";
const ms = (text: string): number => Date.parse(text);
const night = { kind: "energy", energyWh: 8000, notBefore: "20:00", readyBy: "06:30" } as const;
const day = { kind: "energy", energyWh: 2000, notBefore: "09:00", readyBy: "16:00" } as const;
const hours = ({ fromMs, readyMs }: { fromMs: number; readyMs: number }): number => (readyMs - fromMs) / 3_600_000;

it("gives all windows that end within the span, the one under way included", () => {
  expect(demandWindows(night, zone, ms("2026-01-14T02:00:00Z"), ms("2026-01-16T05:30:00Z"))).toEqual([
    { fromMs: ms("2026-01-13T19:00:00Z"), readyMs: ms("2026-01-14T05:30:00Z") },
    { fromMs: ms("2026-01-14T19:00:00Z"), readyMs: ms("2026-01-15T05:30:00Z") },
    { fromMs: ms("2026-01-15T19:00:00Z"), readyMs: ms("2026-01-16T05:30:00Z") },
  ]);
});

it("leaves out a window that ends at the start or after the end of the span", () => {
  expect(demandWindows(night, zone, ms("2026-01-14T05:30:00Z"), ms("2026-01-15T05:29:59Z"))).toEqual([]);
});

it("is an hour shorter in the spring night and an hour longer in the autumn night", () => {
  const of = (from: string): number[] => demandWindows(night, zone, ms(from), ms(from) + 24 * 3_600_000).map(hours);
  expect([of("2026-03-28T12:00:00Z"), of("2026-06-10T12:00:00Z"), of("2026-10-24T12:00:00Z")]).toEqual([[9.5], [10.5], [11.5]]);
});

it.each<[string, typeof night | typeof day, string, boolean]>([
  ["just before it opens", night, "2026-01-14T18:59:59Z", false],
  ["as it opens", night, "2026-01-14T19:00:00Z", true],
  ["over midnight", night, "2026-01-15T00:10:00Z", true],
  ["just before it ends", night, "2026-01-15T05:29:59Z", true],
  ["at its end", night, "2026-01-15T05:30:00Z", false],
  ["within a day window", day, "2026-01-15T10:00:00Z", true],
  ["in the evening after a day window", day, "2026-01-15T18:00:00Z", false],
])("knows whether a window is open %s", (_, demand, at, open) => {
  expect(windowAt(demand, zone, ms(at)) !== undefined).toBe(open);
});
