import { describe, expect, it } from "vitest";
import { guard } from "../../../agent/guard/guard.ts";
import { draws, switchedAppliance, type ApplianceState, type GuardedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import type { GuardInput } from "../../../agent/guard/guard-input.ts";
import { houseAt, remembering, settingOf, standsSince, wishFor } from "../../fake/guarded.ts";

const nowMs = 10_000_000;
const rests = { minOnMs: 300_000, minOffMs: 600_000, maxOffMs: null };
const boiler = switchedAppliance({ resource: "boiler", ratedPowerW: 2000, safeOn: false, ...rests });
const pump = switchedAppliance({ resource: "pump", ratedPowerW: 2500, safeOn: true, ...rests });
const car = switchedAppliance({ resource: "car", ratedPowerW: 3700, safeOn: false, ...rests });
const known = new Map([boiler, pump, car].map((one) => [one.resource, one]));
const wish = (resource: string, on: boolean) => wishFor(known.get(resource) ?? boiler, on);
/** On or off since an hour, where a test says nothing else; the appliance is filled in where it is decided on. */
const stands = (on: boolean, change: Partial<ApplianceState> = {}) => ({ on, change });
type Stands = ReturnType<typeof stands>;
const state = (appliances: readonly (readonly [string, Stands])[]) =>
  remembering(appliances.map(([name, { on, change }]) => [name, standsSince(known.get(name) ?? boiler, on, nowMs, change)]));
const input = (change: Partial<GuardInput> = {}): GuardInput => houseAt(nowMs, { intents: [wish("boiler", true)], ...change });
const decide = (appliance: GuardedAppliance, now: Stands, given: Partial<GuardInput>): [boolean, string | undefined] => {
  const [command] = guard([appliance], state([[appliance.resource, now]]), input(given)).commands;
  return [command !== undefined && draws(command.setting), command?.reason];
};
const times = (count: number): number[] => Array.from({ length: count }, (_, at) => nowMs - (at + 1) * 500_000);

it.each<[string, GuardedAppliance, Stands, Partial<GuardInput>, boolean, string]>([
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
  [
    "leaves the sixth change of an hour for taking back what it switched on",
    boiler,
    stands(false, { switchedMs: times(5) }),
    {},
    false,
    "switched too often this hour",
  ],
  [
    "switches off as the sixth change of an hour",
    boiler,
    stands(true, { switchedMs: times(5) }),
    { intents: [wish("boiler", false)] },
    false,
    "cheapest time",
  ],
  [
    "and no seventh time",
    boiler,
    stands(true, { switchedMs: times(6) }),
    { intents: [wish("boiler", false)] },
    true,
    "switched too often this hour",
  ],
  [
    "begins no block that it could not end in time",
    { ...pump, maxOffMs: 1_200_000 },
    stands(true, { switchedMs: times(4) }),
    { intents: [wish("pump", false)] },
    true,
    "switched too often this hour",
  ],
  [
    "begins a block that it can end",
    { ...pump, maxOffMs: 1_200_000 },
    stands(true, { switchedMs: times(3) }),
    { intents: [wish("pump", false)] },
    false,
    "cheapest time",
  ],
  [
    "forgets switchings older than an hour",
    boiler,
    stands(false, { switchedMs: [nowMs - 3_600_000, ...times(4)] }),
    {},
    true,
    "cheapest time",
  ],
  ["starts where there is just room", boiler, stands(false), { importW: 4000 }, true, "cheapest time"],
  ["does not start without room", boiler, stands(false), { importW: 4001 }, false, "no room under the house import limit"],
  ["counts export as room", boiler, stands(false), { importW: -3000, maxImportW: 0 }, true, "cheapest time"],
  ["lets run at the limit", boiler, stands(true), { importW: 6000 }, true, "cheapest time"],
  ["sheds above the limit", boiler, stands(true), { importW: 6001 }, false, "above the house import limit"],
  [
    "sheds within the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs - 20_000 }),
    { importW: 6001 },
    false,
    "above the house import limit",
  ],
  [
    "sheds although switched too often",
    boiler,
    stands(true, { switchedMs: times(6) }),
    { importW: 6001 },
    false,
    "above the house import limit",
  ],
  [
    "sheds what is on in its safe state too",
    pump,
    stands(true),
    { importW: 6001, intents: [] },
    false,
    "above the house import limit",
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
    "goes there when the clock has jumped, within the minimum on time",
    boiler,
    stands(true, { sinceMs: nowMs }),
    { sinceJumpMs: 299_999 },
    false,
    "clock jumped, safe state",
  ],
  ["goes on when the jump is five minutes old", boiler, stands(true), { sinceJumpMs: 300_000 }, true, "cheapest time"],
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
    stands(true, { switchedMs: times(6) }),
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
  const both = [wish("boiler", true), wish("car", true)];
  const onAfter = (now: [string, Stands][], given: Partial<GuardInput>): string[] =>
    guard([boiler, car], state(now), input(given))
      .commands.filter(({ setting }) => draws(setting))
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
      state([
        ["boiler", stands(false)],
        ["car", stands(false)],
      ]),
      input({ intents: both }),
    );
    for (const laterMs of [1000, 9000, 15_000]) {
      const later = input({ nowMs: nowMs + laterMs, meterAgeMs: 1000 + Math.max(0, laterMs - 9000), intents: both });
      expect(guard([boiler, car], first.state, later).commands.filter(({ setting }) => draws(setting))).toHaveLength(1);
    }
    const seen = input({ nowMs: nowMs + 20_000, meterAgeMs: 5000, importW: 1000, intents: both });
    expect(guard([boiler, car], first.state, seen).commands.filter(({ setting }) => draws(setting))).toHaveLength(2);
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
      state([
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
    expect(soon.commands.map(({ resource, setting }) => [resource, draws(setting)])).toEqual([
      ["boiler", false],
      ["car", true],
    ]);
    const later = guard(
      [boiler, car],
      first.state,
      input({ nowMs: nowMs + 12_000, meterAgeMs: 1000, importW: 7900, intents: both }),
    );
    expect(later.commands.every(({ setting }) => !draws(setting))).toBe(true);
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
    guard([appliance], state([[appliance.resource, stands(on)]]), input({ intents: [wish(appliance.resource, on)] })).commands[0]
      ?.leaseUntilMs;
  expect([lease(boiler, true), lease(boiler, false), lease(pump, true), lease(pump, false)]).toEqual([
    nowMs + 900_000,
    null,
    null,
    nowMs + 900_000,
  ]);
});

it("takes an appliance without history for one in its safe state", () => {
  const { commands, state: after } = guard([boiler], remembering([]), input());
  const on = settingOf(boiler, true);
  expect(commands[0]?.setting).toEqual(on);
  expect(after.appliances.get("boiler")).toMatchObject({ setting: on, sinceMs: nowMs, switchedMs: [nowMs] });
});
