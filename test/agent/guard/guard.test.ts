import { describe, expect, it } from "vitest";
import { guard, type ApplianceState, type GuardedAppliance, type GuardInput } from "../../../agent/guard/guard.ts";
import type { Intent } from "../../../agent/plan/intent.ts";

const nowMs = 10_000_000;
const boiler: GuardedAppliance = {
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 300_000,
  minOffMs: 600_000,
  safeOn: false,
  maxOffMs: null,
};
const pump: GuardedAppliance = {
  resource: "pump",
  ratedPowerW: 2500,
  minOnMs: 300_000,
  minOffMs: 600_000,
  safeOn: true,
  maxOffMs: null,
};
const wish = (resource: string, on: boolean): Intent => ({ resource, on, authority: "instruction", reason: "cheapest time" });
const stands = (on: boolean, change: Partial<ApplianceState> = {}): ApplianceState => ({
  on,
  sinceMs: nowMs - 3_600_000,
  switchedMs: [],
  ...change,
});
/** A house at 1 kW of its 6 kW, a reading 1 s old. */
const input = (change: Partial<GuardInput> = {}): GuardInput => ({
  nowMs,
  meterAgeMs: 1000,
  importW: 1000,
  maxImportW: 6000,
  intents: [wish("boiler", true)],
  ...change,
});
const decide = (
  appliance: GuardedAppliance,
  now: ApplianceState,
  given: Partial<GuardInput>,
): [boolean | undefined, string | undefined] => {
  const [command] = guard([appliance], new Map([[appliance.resource, now]]), input(given)).commands;
  return [command?.on, command?.reason];
};
const six = [1, 2, 3, 4, 5, 6].map((at) => nowMs - at * 500_000);

it.each<[string, GuardedAppliance, ApplianceState, Partial<GuardInput>, boolean, string]>([
  ["does what the plan wants", boiler, stands(false), {}, true, "cheapest time"],
  ["goes to the safe state without an intent", boiler, stands(true), { intents: [] }, false, "no intent, safe state"],
  ["waits out the minimum off time", boiler, stands(false, { sinceMs: nowMs - 599_999 }), {}, false, "minimum off time runs"],
  [
    "ends a block that has lasted as long as allowed, whatever a new plan says",
    { ...pump, maxOffMs: 5_400_000 },
    stands(false, { sinceMs: nowMs - 5_400_000 }),
    { intents: [wish("pump", false)] },
    true,
    "held back as long as allowed",
  ],
  [
    "keeps a block that is allowed to last",
    { ...pump, maxOffMs: 5_400_000 },
    stands(false, { sinceMs: nowMs - 5_399_999 }),
    { intents: [wish("pump", false)] },
    false,
    "cheapest time",
  ],
  ["starts when rested", boiler, stands(false, { sinceMs: nowMs - 600_000 }), {}, true, "cheapest time"],
  [
    "waits out the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs - 299_999 }),
    { intents: [wish("boiler", false)] },
    true,
    "minimum on time runs",
  ],
  [
    "stops after the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs - 300_000 }),
    { intents: [wish("boiler", false)] },
    false,
    "cheapest time",
  ],
  ["switches at most six times an hour", boiler, stands(false, { switchedMs: six }), {}, false, "switched too often this hour"],
  [
    "forgets switchings older than an hour",
    boiler,
    stands(false, { switchedMs: [nowMs - 3_600_000, ...six.slice(1)] }),
    {},
    true,
    "cheapest time",
  ],
  ["starts where there is just room", boiler, stands(false), { importW: 4000 }, true, "cheapest time"],
  ["does not start without room", boiler, stands(false), { importW: 4001 }, false, "no room under the house import limit"],
  ["counts export as room", boiler, stands(false), { importW: -3000, maxImportW: 0 }, true, "cheapest time"],
  ["lets run at the limit", boiler, stands(true), { importW: 6000 }, true, "cheapest time"],
  ["sheds above the limit", boiler, stands(true), { importW: 6001 }, false, "house import above its limit"],
  [
    "sheds within the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs - 20_000 }),
    { importW: 6001 },
    false,
    "house import above its limit",
  ],
  [
    "sheds although switched too often",
    boiler,
    stands(true, { switchedMs: six }),
    { importW: 6001 },
    false,
    "house import above its limit",
  ],
  [
    "sheds what is on in its safe state too",
    pump,
    stands(true),
    { importW: 6001, intents: [] },
    false,
    "house import above its limit",
  ],
  ["takes a reading of 60 s", boiler, stands(false), { meterAgeMs: 60_000 }, true, "cheapest time"],
  [
    "goes to the safe state (off) with a stale meter",
    boiler,
    stands(true),
    { meterAgeMs: 60_001 },
    false,
    "meter stale, safe state",
  ],
  [
    "goes there within the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs }),
    { meterAgeMs: 60_001 },
    false,
    "meter stale, safe state",
  ],
  [
    "goes there although switched too often",
    boiler,
    stands(true, { switchedMs: six }),
    { meterAgeMs: 60_001 },
    false,
    "meter stale, safe state",
  ],
  [
    "goes to the safe state (on) with a stale meter",
    pump,
    stands(false),
    { meterAgeMs: Infinity, importW: null },
    true,
    "meter stale, safe state",
  ],
  [
    "goes there no sooner than rested",
    pump,
    stands(false, { sinceMs: nowMs - 599_999 }),
    { meterAgeMs: Infinity },
    false,
    "minimum off time runs",
  ],
  [
    "does not use an old figure as an excess",
    pump,
    stands(true),
    { meterAgeMs: 60_001, importW: 9999 },
    true,
    "meter stale, safe state",
  ],
  ["starts nothing while the import is not known", boiler, stands(false), { importW: null }, false, "house import not known"],
  ["lets run while the import is not known", boiler, stands(true), { importW: null }, true, "cheapest time"],
  [
    "goes to a safe state that is on while the import is not known",
    pump,
    stands(false),
    { importW: null, intents: [] },
    true,
    "no intent, safe state",
  ],
])("%s", (_, appliance, now, given, on, reason) => expect(decide(appliance, now, given)).toEqual([on, reason]));

describe("several appliances under one limit", () => {
  const car: GuardedAppliance = { ...boiler, resource: "car", ratedPowerW: 3700 };
  const both = [wish("boiler", true), wish("car", true)];
  const onAfter = (state: [string, ApplianceState][], given: Partial<GuardInput>): string[] =>
    guard([boiler, car], new Map(state), input(given))
      .commands.filter(({ on }) => on)
      .map(({ resource }) => resource);

  it("does not give the same room twice in one pass", () => {
    expect(
      onAfter(
        [
          ["boiler", stands(false)],
          ["car", stands(false)],
        ],
        { intents: both },
      ),
    ).toEqual(["boiler"]);
  });

  it("nor in a later pass before the meter has seen the first", () => {
    const first = guard(
      [boiler, car],
      new Map([
        ["boiler", stands(false)],
        ["car", stands(false)],
      ]),
      input({ intents: both }),
    );
    for (const laterMs of [1000, 9000, 15_000]) {
      const later = input({ nowMs: nowMs + laterMs, meterAgeMs: 1000 + Math.max(0, laterMs - 9000), intents: both });
      expect(guard([boiler, car], first.state, later).commands.filter(({ on }) => on)).toHaveLength(1);
    }
    const seen = input({ nowMs: nowMs + 20_000, meterAgeMs: 5000, importW: 1000, intents: both });
    expect(guard([boiler, car], first.state, seen).commands.filter(({ on }) => on)).toHaveLength(2);
  });

  it("sheds no more than the excess", () => {
    expect(
      onAfter(
        [
          ["boiler", stands(true)],
          ["car", stands(true)],
        ],
        { importW: 7900, intents: both },
      ),
    ).toEqual(["car"]);
    expect(
      onAfter(
        [
          ["boiler", stands(true)],
          ["car", stands(true)],
        ],
        { importW: 8001, intents: both },
      ),
    ).toEqual([]);
  });

  it("sheds no second one before the meter has seen the first go", () => {
    const first = guard(
      [boiler, car],
      new Map([
        ["boiler", stands(true)],
        ["car", stands(true)],
      ]),
      input({ importW: 7900, intents: both }),
    );
    const soon = guard(
      [boiler, car],
      first.state,
      input({ nowMs: nowMs + 5000, meterAgeMs: 6000, importW: 7900, intents: both }),
    );
    expect(soon.commands.map(({ resource, on }) => [resource, on])).toEqual([
      ["boiler", false],
      ["car", true],
    ]);
    const later = guard(
      [boiler, car],
      first.state,
      input({ nowMs: nowMs + 12_000, meterAgeMs: 1000, importW: 7900, intents: both }),
    );
    expect(later.commands.every(({ on }) => !on)).toBe(true);
  });

  it("spares one when the plan gives the other up anyway", () => {
    const intents = [wish("boiler", true), wish("car", false)];
    expect(
      onAfter(
        [
          ["boiler", stands(true)],
          ["car", stands(true)],
        ],
        { importW: 9000, intents },
      ),
    ).toEqual(["boiler"]);
  });

  it("a reduction of this pass makes no room yet", () => {
    const intents = [wish("boiler", true), wish("car", false)];
    expect(
      onAfter(
        [
          ["boiler", stands(false)],
          ["car", stands(true)],
        ],
        { importW: 5000, intents },
      ),
    ).toEqual([]);
  });
});

it("gives every departure from the safe state a lease, on or off, and none to the safe state", () => {
  const lease = (appliance: GuardedAppliance, on: boolean): number | null | undefined =>
    guard([appliance], new Map([[appliance.resource, stands(on)]]), input({ intents: [wish(appliance.resource, on)] }))
      .commands[0]?.leaseUntilMs;
  expect([lease(boiler, true), lease(boiler, false), lease(pump, true), lease(pump, false)]).toEqual([
    nowMs + 900_000,
    null,
    null,
    nowMs + 900_000,
  ]);
});

it("takes an appliance without history for one in its safe state", () => {
  const { commands, state } = guard([boiler], new Map(), input());
  expect(commands[0]?.on).toBe(true);
  expect(state.get("boiler")).toEqual({ on: true, sinceMs: nowMs, switchedMs: [nowMs] });
});
