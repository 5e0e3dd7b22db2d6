import { expect, it, onTestFinished } from "vitest";
import { startActuator, type Actuated } from "../../../agent/actuate/actuator.ts";
import { guard, type GuardedAppliance } from "../../../agent/guard/guard.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { relayBoard } from "../../fake/relay-board.ts";
import { silentLog } from "../../fake/silent-log.ts";

const boiler = { resource: "boiler", safeOn: false, coil: 0 };
const pump = { resource: "pump", safeOn: true, coil: 2 };

async function actuated(journalFails = false) {
  const boards = [await relayBoard(), await relayBoard()] as const;
  const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
  const log = silentLog();
  const journal: string[] = [];
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const appliances: Actuated[] = [boiler, pump].map(({ resource, safeOn, coil }, at) => ({
    resource,
    safeOn,
    relay: boards[at === 0 ? 0 : 1].relay(coil),
  }));
  const actuator = startActuator({
    appliances,
    clock,
    log,
    signal: ending.signal,
    journal({ resource, on, reason }) {
      if (journalFails) throw new Error("disk full");
      journal.push(`${resource} ${on ? "on" : "off"}: ${reason}`);
    },
  });
  /** Commands as only the guard makes them: for a house with room, in an hour of its own each. */
  const command = (wants: { boiler?: boolean; pump?: boolean }) => {
    const guarded: GuardedAppliance[] = [boiler, pump]
      .filter(({ resource }) => resource in wants)
      .map((one) => ({ ...one, ratedPowerW: 1, minOnMs: 0, minOffMs: 0, maxOffMs: null }));
    const intents = guarded.map(({ resource }) => ({
      resource,
      on: wants[resource as "boiler"] ?? false,
      authority: "instruction" as const,
      reason: "plan",
    }));
    return guard(guarded, new Map(), { nowMs: clock.monotonicMs(), meterAgeMs: 0, importW: 0, maxImportW: 9, intents }).commands;
  };
  return { boards, clock, log, journal, actuator, command };
}

it("writes what differs, reads it back and journals it, and writes nothing that is so already", async () => {
  const { boards, actuator, journal, command } = await actuated();
  await actuator.safeState("start");
  expect([boards[0].writes, boards[1].writes]).toEqual([[{ coil: 0, on: false }], [{ coil: 2, on: true }]]);
  for (let pass = 0; pass < 3; pass++) await actuator.apply(command({ boiler: true, pump: true }));
  expect(boards[0].writes.slice(1)).toEqual([{ coil: 0, on: true }]);
  expect(boards[0].coils.get(0)).toBe(true);
  expect([actuator.isOn("boiler"), actuator.isOn("pump"), actuator.switches()]).toEqual([true, true, 2]);
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

it("alarms once about a relay that does not follow, journals nothing, keeps trying and goes on with the others", async () => {
  const { boards, actuator, journal, log, command } = await actuated();
  boards[0].stuck.add(0);
  boards[1].coils.set(2, true);
  for (let pass = 0; pass < 4; pass++) await actuator.apply(command({ boiler: true, pump: false }));
  expect(boards[0].writes).toHaveLength(4);
  expect(log.lines).toMatchObject([
    { level: "error", message: "relay does not follow", fields: { resource: "boiler", code: "relay-not-switched" } },
  ]);
  expect([actuator.isOn("boiler"), actuator.isOn("pump")]).toEqual([undefined, false]);
  expect(journal).toEqual(["pump off: plan"]);
  boards[0].stuck.clear();
  await actuator.apply(command({ boiler: true }));
  expect([actuator.isOn("boiler"), journal.at(-1)]).toEqual([true, "boiler on: plan"]);
  boards[0].stuck.add(0);
  await actuator.apply(command({ boiler: false }));
  expect(log.lines).toHaveLength(2);
});

it("tells of a relay that somebody else has switched, and leaves it to the guard", async () => {
  const { boards, actuator, journal, log, command } = await actuated();
  await actuator.apply(command({ boiler: true, pump: true }));
  boards[0].coils.set(0, false);
  expect(await actuator.readBack()).toEqual([{ resource: "boiler", on: false }]);
  expect(await actuator.readBack()).toEqual([]);
  expect([actuator.isOn("boiler"), boards[0].writes.length]).toEqual([false, 1]);
  expect(log.lines.map(({ message }) => message)).toEqual(["relay was switched by somebody else"]);
  expect(journal.at(-1)).toBe("boiler off: switched by somebody else");
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
  expect(log.lines).toMatchObject([{ message: "relay does not follow", fields: { resource: "boiler", code: "modbus-timeout" } }]);
});

it("tries every relay on the way to the safe state, also when nothing can be journalled", async () => {
  const { boards, actuator, log } = await actuated(true);
  boards[0].coils.set(0, true);
  await actuator.safeState("stop");
  expect([boards[0].coils.get(0), boards[1].coils.get(2)]).toEqual([false, true]);
  expect(log.lines.map(({ message }) => message)).toEqual(["switching not journalled", "switching not journalled"]);
});
