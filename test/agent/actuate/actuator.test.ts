import { expect, it, onTestFinished } from "vitest";
import { startActuator, type Actuated } from "../../../agent/actuate/actuator.ts";
import { guard } from "../../../agent/guard/guard.ts";
import { draws, guardAtStart, switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { relayLoad } from "../../../drivers/appliance/relay-load.ts";
import { houseAt, wishFor } from "../../fake/guarded.ts";
import { relayBoard } from "../../fake/relay-board.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";

const rests = { ratedPowerW: 1, minOnMs: 0, minOffMs: 0, maxOffMs: null };
const boiler = switchedAppliance({ resource: "boiler", safeOn: false, ...rests });
const pump = switchedAppliance({ resource: "pump", safeOn: true, ...rests });

async function actuated(journalFails = false) {
  const boards = [await relayBoard(), await relayBoard()] as const;
  const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
  const log = silentLog();
  const journal: string[] = [];
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const relays = { boiler: boards[0].relay(0), pump: boards[1].relay(2) };
  const appliances: Actuated[] = [boiler, pump].map(({ resource, safe }) => ({
    resource,
    safe,
    device: relayLoad({ name: resource, relay: relays[resource as "boiler"], ratedPowerW: 1 }),
  }));
  const actuator = startActuator({
    appliances,
    clock,
    log,
    signal: ending.signal,
    journal({ resource, setting, reason }) {
      if (journalFails) throw new Error("disk full");
      journal.push(`${resource} ${setting.mode}: ${reason}`);
    },
  });
  /** Commands as only the guard makes them: for a house with room, in an hour of its own each. */
  const command = (wants: { boiler?: boolean; pump?: boolean }) => {
    const guarded = [boiler, pump].filter(({ resource }) => resource in wants);
    const intents = guarded.map((one) => wishFor(one, wants[one.resource as "boiler"] ?? false, { reason: "plan" }));
    return guard(guarded, guardAtStart, houseAt(clock.monotonicMs(), { importW: 0, maxImportW: 9, intents })).commands;
  };
  const isOn = (resource: string): boolean | undefined => {
    const setting = actuator.isSet(resource);
    return setting && draws(setting);
  };
  return { boards, clock, log, journal, actuator, command, isOn };
}

it("writes what differs, reads it back once and journals it, and writes nothing that is so already", async () => {
  const { boards, actuator, journal, command, isOn } = await actuated();
  await actuator.safeState("start");
  expect([boards[0].writes, boards[1].writes]).toEqual([[{ coil: 0, on: false }], [{ coil: 2, on: true }]]);
  const readsBefore = boards[0].reads;
  for (let pass = 0; pass < 3; pass++) await actuator.apply(command({ boiler: true, pump: true }));
  expect(boards[0].writes.slice(1)).toEqual([{ coil: 0, on: true }]);
  expect(boards[0].reads).toBe(readsBefore + 1);
  expect(boards[0].coils.get(0)).toBe(true);
  expect([isOn("boiler"), isOn("pump"), actuator.switches()]).toEqual([true, true, 2]);
  expect(journal).toEqual(["pump on: start", "boiler on: plan"]);
});

it("writes the safe state even to a contact that reads as if it were there, since a board may lie", async () => {
  const { boards, actuator, journal } = await actuated();
  boards[0].lies.add(0);
  boards[0].coils.set(0, true);
  await actuator.safeState("stop");
  expect(boards[0].coils.get(0)).toBe(false);
  expect(journal).toEqual(["pump on: stop"]);
});

it("alarms once about a relay that does not follow, tries four times, journals nothing and goes on with the others", async () => {
  const { boards, actuator, clock, journal, log, command, isOn } = await actuated();
  boards[0].stuck.add(0);
  boards[1].coils.set(2, true);
  for (let pass = 0; pass < 8; pass++) {
    await actuator.apply(command({ boiler: true, pump: false }));
    expect(actuator.alarm("boiler") !== undefined).toBe(pass >= 5);
    await clock.advance(1000);
  }
  expect(boards[0].writes).toHaveLength(4);
  const fields = { resource: "boiler", code: "relay-not-switched" };
  expect(log.lines).toMatchObject([
    { level: "warn", message: "appliance does not follow, trying again", fields },
    { level: "error", message: "appliance does not follow", fields },
  ]);
  expect([isOn("boiler"), isOn("pump")]).toEqual([undefined, false]);
  expect(journal).toEqual(["pump off: plan"]);
  await clock.advance(15 * 60_000);
  boards[0].stuck.clear();
  await actuator.apply(command({ boiler: true }));
  expect([isOn("boiler"), journal.at(-1), actuator.alarm("boiler")]).toEqual([true, "boiler on: plan", undefined]);
});

it("does not wait out the pause where something else is asked of it", async () => {
  const { boards, actuator, command } = await actuated();
  boards[0].stuck.add(0);
  for (let pass = 0; pass < 5; pass++) await actuator.apply(command({ boiler: true }));
  await actuator.apply(command({ boiler: false }));
  expect(boards[0].writes.at(-1)).toEqual({ coil: 0, on: false });
});

it("tells of a relay that somebody else has switched, and leaves it to the guard", async () => {
  const { boards, actuator, journal, log, command, isOn } = await actuated();
  await actuator.apply(command({ boiler: true, pump: true }));
  boards[0].coils.set(0, false);
  const elsewhere: string[] = [];
  for (let time = 0; time < 2; time++)
    await actuator.readBack((resource, { mode, powerW }) => void elsewhere.push(`${resource} ${mode} ${powerW}`));
  expect(elsewhere).toEqual(["boiler off 0"]);
  expect([isOn("boiler"), boards[0].writes.length]).toEqual([false, 1]);
  expect(log.lines.map(({ message }) => message)).toEqual(["appliance was switched by somebody else"]);
  expect(journal.at(-1)).toBe("boiler off: switched by somebody else");
});

it("takes what the device itself has rounded down for no one else's setting, and sees the next change", async () => {
  const clock = fakeClock(0);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const [off, told] = [
    { mode: "off", powerW: 0 },
    { mode: "charge", powerW: 6417 },
  ];
  const modes = [
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW: 4140, maxW: 11_040 },
  ];
  let reads = off;
  const device = {
    name: "wallbox",
    modes,
    // Whole amperes on three phases.
    set: async ({ mode, powerW }: typeof off) => void (reads = { mode, powerW: Math.floor(powerW / 690) * 690 }),
    read: async () => reads,
  };
  const actuator = startActuator({
    appliances: [{ resource: "boiler", safe: off, device }],
    clock,
    log: silentLog(),
    journal: () => undefined,
    signal: ending.signal,
  });
  const wallbox = { ...boiler, modes, stepW: 690 };
  const intents = [wishFor(wallbox, true, { setting: told })];
  await actuator.apply(guard([wallbox], guardAtStart, houseAt(0, { maxImportW: 9000, intents })).commands);
  const elsewhere: string[] = [];
  const readBack = (): Promise<void> => actuator.readBack((_, { powerW }) => void elsewhere.push(`${powerW} W`));
  await readBack();
  expect([reads.powerW, elsewhere]).toEqual([6210, []]);
  reads = { mode: "charge", powerW: 5520 };
  await readBack();
  expect(elsewhere).toEqual(["5520 W"]);
});

it("takes a relay that follows late for its own, and ends the alarm", async () => {
  const { boards, actuator, clock, journal, command, isOn } = await actuated();
  await actuator.safeState("start");
  boards[0].stuck.add(0);
  const elsewhere: string[] = [];
  const passes = async (): Promise<void> => {
    for (let pass = 0; pass < 6; pass++) {
      await actuator.apply(command({ boiler: true }));
      await clock.advance(1000);
    }
    await actuator.readBack((resource) => void elsewhere.push(resource));
  };
  await passes();
  expect([isOn("boiler"), actuator.alarm("boiler")]).toEqual([false, expect.stringContaining("relay 0")]);
  boards[0].coils.set(0, true);
  await passes();
  expect([isOn("boiler"), actuator.alarm("boiler"), elsewhere]).toEqual([true, undefined, []]);
  expect(journal.at(-1)).toBe("boiler on: followed late");
});

it("ends the alarm of a relay that is told what it reads anyway", async () => {
  const { boards, actuator, clock, command } = await actuated();
  boards[0].stuck.add(0);
  await actuator.apply(command({ boiler: true }));
  await clock.advance(5000);
  await actuator.readBack(() => undefined);
  expect(actuator.alarm("boiler")).toBeDefined();
  await actuator.apply(command({ boiler: false }));
  expect(actuator.alarm("boiler")).toBeUndefined();
});

it("ends a departure from the safe state when nobody renews its lease, on or off", async () => {
  const { boards, actuator, clock, journal, command } = await actuated();
  await actuator.apply(command({ boiler: true, pump: false }));
  await clock.advance(890_000);
  expect([boards[0].coils.get(0), boards[1].coils.get(2)]).toEqual([true, false]);
  await actuator.apply(command({ boiler: true }));
  await clock.advance(20_000);
  expect([boards[0].coils.get(0), boards[1].coils.get(2)]).toEqual([true, true]);
  await clock.advance(890_000);
  expect(boards[0].coils.get(0)).toBe(false);
  expect(journal.slice(2)).toEqual(["pump on: lease ended, safe state", "boiler off: lease ended, safe state"]);
});

it("keeps trying when the relay cannot be reached as its lease ends", async () => {
  const { boards, actuator, clock, command } = await actuated();
  await actuator.apply(command({ boiler: true }));
  boards[0].dead = true;
  await clock.advance(910_000);
  expect(boards[0].coils.get(0)).toBe(true);
  boards[0].dead = false;
  await clock.advance(10_000);
  expect(boards[0].coils.get(0)).toBe(false);
});

it("counts the lease on the monotonic clock", async () => {
  const { boards, actuator, clock, command } = await actuated();
  await actuator.apply(command({ boiler: true }));
  clock.jump(-86_400_000);
  await clock.advance(910_000);
  expect(boards[0].coils.get(0)).toBe(false);
});

it("tries every relay on the way to the safe state, also when the first bus is dead", async () => {
  const { boards, actuator, log } = await actuated();
  boards[0].dead = true;
  boards[0].coils.set(0, true);
  await actuator.safeState("stop");
  expect(boards[1].coils.get(2)).toBe(true);
  const fields = { resource: "boiler", code: "modbus-timeout" };
  expect(log.lines).toMatchObject([{ level: "warn", message: "appliance does not follow, trying again", fields }]);
});

it("tries every relay on the way to the safe state, also when nothing can be journalled", async () => {
  const { boards, actuator, log } = await actuated(true);
  boards[0].coils.set(0, true);
  await actuator.safeState("stop");
  expect([boards[0].coils.get(0), boards[1].coils.get(2)]).toEqual([false, true]);
  expect(log.lines.map(({ message }) => message)).toEqual(["switching not journalled", "switching not journalled"]);
});

it("sets a device's own timeout before the first setting, again after it was away, and keeps it alive", async () => {
  const clock = fakeClock(0);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const said: string[] = [];
  let away = false;
  let lost: Error | null = null;
  let now = boiler.safe;
  const device = {
    name: "wallbox",
    modes: boiler.modes,
    async set(setting: typeof now) {
      if (away) throw new Error("no answer");
      now = setting;
      said.push(setting.mode);
    },
    read: async () => now,
    async arm(failsafe: typeof now, timeoutS: number) {
      if (lost) throw lost;
      said.push(`arm ${failsafe.mode} ${timeoutS}`);
    },
    keepAliveS: 100,
  };
  const log = silentLog();
  const appliances = [{ resource: "boiler", safe: boiler.safe, device }];
  const actuator = startActuator({ appliances, clock, log, journal: () => undefined, signal: ending.signal });
  await actuator.safeState("start");
  const on = guard([boiler], guardAtStart, houseAt(0, { importW: 0, intents: [wishFor(boiler, true)] })).commands;
  await actuator.apply(on);
  await clock.advance(210_000);
  expect(said).toEqual(["arm off 300", "off", "on", "on", "on"]);
  away = true;
  await clock.advance(100_000);
  away = false;
  await actuator.apply(on);
  expect(said.slice(-2)).toEqual(["arm off 300", "on"]);
  away = true;
  await clock.advance(100_000);
  away = false;
  lost = new AppError("modbus-timeout", "one frame was lost", { temporary: true });
  await actuator.apply(on);
  const writes = said.length;
  lost = null;
  await clock.advance(110_000);
  expect(said.slice(writes)).toEqual(["arm off 300", "on"]);
});

it("begins nothing any more once it is to stop, however long the reductions before it took", async () => {
  const board = await relayBoard([[2, true]]);
  const clock = fakeClock(0);
  const ending = new AbortController();
  const answer = Promise.withResolvers<void>();
  const pumpDevice: Actuated["device"] = {
    name: "pump",
    modes: pump.modes,
    set: (setting) => answer.promise.then(() => setting),
    read: () => Promise.resolve(pump.safe),
  };
  const boilerDevice = relayLoad({ name: "boiler", relay: board.relay(0), ratedPowerW: 1 });
  const appliances = [
    { resource: "boiler", safe: boiler.safe, device: boilerDevice },
    { resource: "pump", safe: pump.safe, device: pumpDevice },
  ];
  const actuator = startActuator({ appliances, clock, log: silentLog(), journal: () => undefined, signal: ending.signal });
  await actuator.readBack(() => undefined);
  const intents = [wishFor(boiler, true), wishFor(pump, false)];
  const applied = actuator.apply(
    guard([boiler, pump], guardAtStart, houseAt(0, { importW: 0, maxImportW: 9, intents })).commands,
  );
  ending.abort();
  answer.resolve();
  await applied;
  expect(board.writes).toEqual([]);
});

/** A boiler whose device answers when the test says so, and a pump on a real board; with what each was told. */
async function withSlowBoiler() {
  const board = await relayBoard();
  const clock = fakeClock(0);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const told: string[] = [];
  const answers: (() => void)[] = [];
  const slow: Actuated["device"] = {
    name: "slow",
    modes: boiler.modes,
    async set(setting) {
      told.push(setting.mode);
      await new Promise<void>((resolve) => answers.push(resolve));
      return setting;
    },
    read: () => Promise.resolve(boiler.safe),
  };
  const actuator = startActuator({
    appliances: [
      { resource: "boiler", safe: boiler.safe, device: slow },
      { resource: "pump", safe: pump.safe, device: relayLoad({ name: "pump", relay: board.relay(2), ratedPowerW: 1 }) },
    ],
    clock,
    log: silentLog(),
    journal: () => undefined,
    signal: ending.signal,
  });
  const command = (boilerOn: boolean, pumpOn: boolean) => {
    const intents = [wishFor(boiler, boilerOn, { reason: "plan" }), wishFor(pump, pumpOn, { reason: "plan" })];
    const house = houseAt(clock.monotonicMs(), { importW: 0, maxImportW: 9, intents });
    return guard([boiler, pump], guardAtStart, house).commands;
  };
  return { board, clock, told, answers, actuator, command };
}

it("decides on while a device does not answer: the others follow, and the decision is over after three seconds", async () => {
  const { board, clock, actuator, command, told } = await withSlowBoiler();
  let over = false;
  const first = actuator.apply(command(false, true)).then(() => (over = true));
  await until("the boiler was told", () => told.length === 1);
  // Its patience begins when all commands are on their way.
  await clock.advance(0);
  await clock.advance(2999);
  expect(over).toBe(false);
  await Promise.all([clock.advance(1), first]);
  expect(over).toBe(true);
  await until("the pump is on", () => board.coils.get(2) === true);
  const next = actuator.apply(command(false, false));
  await until("the pump is off", () => board.coils.get(2) === false);
  await clock.advance(3000);
  await next;
});

it("tells a device that took long the newest word next, and none of those between", async () => {
  const { clock, actuator, command, told, answers } = await withSlowBoiler();
  for (const on of [false, true, false, true]) {
    let over = false;
    void actuator.apply(command(on, true)).then(() => (over = true));
    await until("the decision is over", () => clock.advance(1000).then(() => over));
  }
  expect(told).toEqual(["off"]);
  answers.shift()?.();
  await until("the next word came", () => told.length === 2);
  answers.shift()?.();
  await until("it is set", () => actuator.isSet("boiler")?.mode === "on");
  expect(told).toEqual(["off", "on"]);
});

it("is told within ten seconds of coming back, however often it was tried while the line was dead", async () => {
  const { boards, actuator, clock, command } = await actuated();
  await actuator.apply(command({ boiler: true }));
  boards[0].dead = true;
  for (let pass = 0; pass < 30; pass++) {
    await actuator.apply(command({ boiler: false }));
    await clock.advance(1000);
  }
  boards[0].dead = false;
  const before = clock.monotonicMs();
  while (boards[0].coils.get(0) === true && clock.monotonicMs() - before < 60_000) {
    await clock.advance(1000);
    await actuator.apply(command({ boiler: false }));
  }
  expect(boards[0].coils.get(0)).toBe(false);
  expect(clock.monotonicMs() - before).toBeLessThanOrEqual(11_000);
});
