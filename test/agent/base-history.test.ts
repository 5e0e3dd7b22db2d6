import { expect, it } from "vitest";
import { baseHistory } from "../../agent/base-history.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-01-20T12:00:00Z");
/** A house of 300 Wh an hour, and a boiler that takes 200 of them from 02:00 to 03:00 UTC. */
const meters = {
  slots: (meter: string, register: "import" | "export", fromMs: number, toMs: number) =>
    Array.from({ length: Math.max(0, (toMs - fromMs) / hourMs) }, (_, index) => ({
      meter,
      register,
      startMs: fromMs + index * hourMs,
      endMs: fromMs + (index + 1) * hourMs,
      wh: 300,
      quality: "valid" as const,
      clockSynced: true,
    })),
};
const boiler = { name: "boiler" } as Parameters<typeof baseHistory>[0]["appliances"][number];

it("leaves out what the appliances were given, and reads a day at a time", () => {
  const asked: number[] = [];
  const history = baseHistory({
    meters: { slots: (...all) => (asked.push(all[2]), meters.slots(...all)) },
    gridMeter: "main",
    appliances: [boiler],
    givenWh: (_, fromMs) => (new Date(fromMs).getUTCHours() === 2 ? 200 : 0),
    zone: "Europe/Amsterdam",
  });
  expect(history(nowMs)).toHaveLength(24);
  expect(asked).toHaveLength(1);
  const all = Array.from({ length: 20 }, () => history(nowMs)).at(-1) ?? [];
  expect(all).toHaveLength(14 * 24);
  expect(asked).toHaveLength(14);
  expect(all.filter(({ wh }) => wh === 100).map(({ startMs }) => new Date(startMs).getUTCHours())).toEqual(
    Array.from({ length: 14 }, () => 2),
  );
  // Today is not over.
  expect(Math.max(...all.map(({ startMs }) => startMs))).toBeLessThan(Date.parse("2026-01-19T23:00:00Z"));
});

it("reads yesterday anew when a day has passed", () => {
  const history = baseHistory({ meters, gridMeter: "main", appliances: [], givenWh: () => 0, zone: "Europe/Amsterdam" });
  for (let count = 0; count < 14; count += 1) history(nowMs);
  const later = history(nowMs + 24 * hourMs);
  expect(Math.max(...later.map(({ startMs }) => startMs))).toBe(Date.parse("2026-01-20T22:00:00Z"));
  expect(later).toHaveLength(14 * 24);
});
