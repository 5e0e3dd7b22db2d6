import fc from "fast-check";
import { expect, it } from "vitest";
import { guard } from "../../../agent/guard/guard.ts";
import { draws, guardAtStart, standing, switchedAppliance, type GuardState } from "../../../agent/guard/guarded-appliance.ts";
import { houseAt, remembering, wishFor } from "../../fake/guarded.ts";

const maxImportW = 8000;
const appliances = [
  switchedAppliance({
    resource: "boiler",
    ratedPowerW: 2000,
    minOnMs: 120_000,
    minOffMs: 300_000,
    safeOn: false,
    maxOffMs: null,
  }),
  switchedAppliance({ resource: "car", ratedPowerW: 3700, minOnMs: 0, minOffMs: 60_000, safeOn: false, maxOffMs: null }),
  switchedAppliance({ resource: "pump", ratedPowerW: 2500, minOnMs: 600_000, minOffMs: 600_000, safeOn: true, maxOffMs: null }),
];
const ratedW = (name: string): number => appliances.find(({ resource }) => resource === name)?.modes.at(-1)?.maxW ?? 0;

/** One pass of control: how long after the last, what the meter last said and when, what the plan wants. */
const pass = fc.record({
  afterMs: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 15_000 }) }, fc.integer({ min: 15_000, max: 900_000 })),
  read: fc.oneof(
    { weight: 8, arbitrary: fc.constant("now" as const) },
    { weight: 4, arbitrary: fc.constant("silent" as const) },
    fc.constant("no power" as const),
  ),
  baseW: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -2000, max: 4000 }) }, fc.integer({ min: 0, max: 12_000 })),
  wants: fc.tuple(...appliances.map(() => fc.option(fc.boolean(), { freq: 6 }))),
});
type Pass = typeof pass extends fc.Arbitrary<infer T> ? T : never;

interface Seen {
  atMs: number;
  importW: number | null;
  on: ReadonlySet<string>;
}
const wattsOf = (names: Iterable<string>): number => [...names].reduce((sum, name) => sum + ratedW(name), 0);
const onIn = (state: GuardState): Set<string> =>
  new Set([...state.appliances].flatMap(([name, { setting }]) => (draws(setting) ? [name] : [])));
const without = (names: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> =>
  new Set([...names].filter((name) => !others.has(name)));

/** Plays passes against a house that draws its base load and the rated power of what is on. */
function play(passes: readonly Pass[]): void {
  let nowMs = 50_000_000;
  let state: GuardState = remembering(appliances.map(({ resource, safe }) => [resource, standing(safe)]));
  let seen: Seen = { atMs: -Infinity, importW: null, on: new Set() };
  const switchings = new Map<string, number[]>(appliances.map(({ resource }) => [resource, []]));
  for (const { afterMs, read, baseW, wants } of passes) {
    nowMs += afterMs;
    const before = state;
    if (read !== "silent")
      seen = { atMs: nowMs, importW: read === "now" ? baseW + wattsOf(onIn(before)) : null, on: onIn(before) };
    const meterAgeMs = nowMs - seen.atMs;
    const intents = appliances.flatMap((appliance, at) => {
      const on = wants[at] ?? null;
      return on === null ? [] : [wishFor(appliance, on)];
    });
    const decided = guard(appliances, before, houseAt(nowMs, { meterAgeMs, importW: seen.importW, maxImportW, intents }));
    state = decided.state;
    const stale = meterAgeMs > 60_000;
    const known = !stale && seen.importW !== null;
    const [was, is] = [onIn(before), onIn(state)];
    // The most that the house may draw by all that is known: what the meter saw, and what went on since.
    const worstW = (seen.importW ?? 0) + wattsOf(without(is, seen.on));
    const excessBeforeW = (seen.importW ?? 0) - wattsOf(without(seen.on, was)) - maxImportW;
    const raised = without(is, was);
    for (const appliance of appliances) {
      const { resource, minOnMs, minOffMs } = appliance;
      const safeOn = draws(appliance.safe);
      const found = decided.commands.find((one) => one.resource === resource);
      const command = found && { ...found, on: draws(found.setting) };
      const stood = before.appliances.get(resource);
      const now = stood && { ...stood, on: draws(stood.setting) };
      const own = switchings.get(resource) ?? [];
      expect(command?.setting).toEqual(state.appliances.get(resource)?.setting);
      if (command?.on === safeOn) expect(command.leaseUntilMs).toBeNull();
      else expect(command?.leaseUntilMs).toSatisfy((untilMs: number) => untilMs > nowMs && untilMs <= nowMs + 900_000);
      if (stale && command?.on !== safeOn) expect([safeOn, command?.on]).toEqual([true, false]);
      if (!now || !command || command.on === now.on) continue;
      const heldMs = nowMs - now.sinceMs;
      if (command.on) {
        expect(heldMs).toBeGreaterThanOrEqual(minOffMs);
        if (!safeOn) expect(known).toBe(true);
      }
      const forced = !command.on && (stale || command.reason === "above the house import limit");
      if (command.reason === "above the house import limit") expect(known && (seen.importW ?? 0) > maxImportW).toBe(true);
      if (!forced) {
        if (!command.on) expect(heldMs).toBeGreaterThanOrEqual(minOnMs);
        expect(own.filter((at) => nowMs - at < 3_600_000).length).toBeLessThan(6);
      }
      own.push(nowMs);
    }
    if (known && raised.size > 0) expect(worstW).toBeLessThanOrEqual(maxImportW);
    // Nothing stays on while the meter shows an excess, unless what went off since may have cured it.
    const lately = appliances.filter(({ resource }) => {
      const now = before.appliances.get(resource);
      return now && !draws(now.setting) && now.sinceMs > seen.atMs - 10_000;
    });
    const curedW = wattsOf(lately.map(({ resource }) => resource));
    if (known && excessBeforeW - curedW - wattsOf(without(was, is)) > 0) expect(is.size).toBe(0);
  }
}

it("keeps every rule over any trace of readings, gaps and wishes", () => {
  fc.assert(fc.property(fc.array(pass, { minLength: 1, maxLength: 40 }), play), { numRuns: 10_000 });
});

it("switches at most six times in any hour when only the plan asks", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 300_000 }), fc.boolean()), { maxLength: 200 }), (wishes) => {
      const car = appliances.find(({ resource }) => resource === "car");
      if (!car) throw new Error("no car");
      let state: GuardState = guardAtStart;
      let nowMs = 50_000_000;
      const at: number[] = [];
      const isOn = (): boolean => draws(state.appliances.get("car")?.setting ?? car.safe);
      for (const [afterMs, on] of wishes) {
        nowMs += afterMs;
        const before = isOn();
        ({ state } = guard([car], state, houseAt(nowMs, { importW: 0, maxImportW, intents: [wishFor(car, on)] })));
        if (isOn() !== before) at.push(nowMs);
      }
      for (const [index, ms] of at.entries()) expect((at[index + 6] ?? Infinity) - ms).toBeGreaterThanOrEqual(3_600_000);
    }),
  );
});
