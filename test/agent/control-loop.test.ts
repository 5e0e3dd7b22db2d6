import { describe, expect, it, onTestFinished } from "vitest";
import { startActuator } from "../../agent/actuate/actuator.ts";
import { guardStateFromJournal, startControlLoop } from "../../agent/control-loop.ts";
import type { GuardedAppliance } from "../../agent/guard/guard.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { silentLog } from "../fake/silent-log.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const minuteMs = 60_000;
const boiler: GuardedAppliance = {
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 0,
  minOffMs: 10 * minuteMs,
  safeOn: false,
  maxOffMs: null,
};

describe("the guard's memory from the journal", () => {
  const stateOf = (switchings: [minutesAgo: number, on: boolean][], elapsedMs = 0) => {
    const clock = fakeClock(startMs - elapsedMs);
    const state = guardStateFromJournal(
      [boiler],
      switchings.map(([ago, on]) => ({ resource: "boiler", atMs: clock.now() - ago * minuteMs, on })),
      clock,
    );
    return state.get("boiler");
  };

  it("goes on with a minimum off time that a restart interrupts", () => {
    expect(
      stateOf([
        [30, true],
        [4, false],
      ]),
    ).toEqual({ on: false, sinceMs: -4 * minuteMs, switchedMs: [-30 * minuteMs, -4 * minuteMs] });
  });

  it("takes an appliance that was never switched for rested in its safe state", () => {
    expect(stateOf([])).toEqual({ on: false, sinceMs: -Infinity, switchedMs: [] });
  });

  it("takes switchings of the future for just now: neither is rest cut short nor does it last for ever", async () => {
    const clock = fakeClock(startMs);
    const state = guardStateFromJournal([boiler], [{ resource: "boiler", atMs: startMs + 86_400_000, on: false }], clock);
    expect(state.get("boiler")).toEqual({ on: false, sinceMs: 0, switchedMs: [0] });
  });
});

async function running() {
  const board = await relayBoard();
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const errors: unknown[] = [];
  const actuator = startActuator({
    appliances: [{ resource: "boiler", safeOn: false, relay: board.relay(0) }],
    clock,
    log: silentLog(),
    journal: () => undefined,
    signal: ending.signal,
  });
  let grid: { powerW: number | null; ageMs: number } | undefined = { powerW: 500, ageMs: 0 };
  let list: InstructionList["instructions"] = [];
  const reported: string[] = [];
  const loop = startControlLoop({
    appliances: [boiler],
    state: guardStateFromJournal([boiler], [], clock),
    instructions: () => new Map([["boiler", { plan: "p", resource: "boiler", instructions: list }]]),
    overrides: () => [],
    grid: () => grid,
    maxImportW: 5000,
    actuator,
    clock,
    onPass: (now) => reported.push(now.map(({ on, reason }) => `${on ? "on" : "off"} ${reason}`).join()),
    onError: (error) => errors.push(error),
    signal: ending.signal,
  });
  return {
    board,
    clock,
    loop,
    ending,
    reported,
    actuator,
    closed: () => board.coils.get(0) ?? false,
    wish(on: boolean, minutes = 60) {
      const executionTime = new Date(clock.now()).toISOString();
      const validUntil = new Date(clock.now() + minutes * minuteMs).toISOString();
      list = [{ id: "i", executionTime, validUntil, operationModeId: on ? "on" : "off", reason: "plan" }];
    },
    meter: (next: typeof grid) => (grid = next),
    async triggered() {
      loop.trigger();
      await loop.idle();
    },
  };
}

it("follows a new instruction at once, and its end within 10 s", async () => {
  const { clock, closed, wish, triggered } = await running();
  wish(true, 5);
  await triggered();
  expect(closed()).toBe(true);
  await clock.advance(5 * minuteMs);
  expect(closed()).toBe(false);
});

it("goes to the safe state when the meter falls silent", async () => {
  const { clock, closed, wish, meter, triggered, loop } = await running();
  wish(true);
  await triggered();
  meter({ powerW: 2500, ageMs: 61_000 });
  await clock.advance(10_000);
  expect([closed(), loop.now()]).toEqual([false, [{ resource: "boiler", on: false, reason: "meter stale, safe state" }]]);
});

it("opens a contact that somebody else has closed, and rests before it closes one that somebody has opened", async () => {
  const { board, clock, closed, wish, triggered } = await running();
  await triggered();
  board.coils.set(0, true);
  await clock.advance(30_000);
  expect(closed()).toBe(false);
  await clock.advance(boiler.minOffMs);
  wish(true);
  await triggered();
  expect(closed()).toBe(true);
  board.coils.set(0, false);
  await clock.advance(boiler.minOffMs - minuteMs);
  expect(closed()).toBe(false);
  await clock.advance(2 * minuteMs);
  expect(closed()).toBe(true);
});

it("keeps an appliance on over hours while its reason holds: the lease is renewed", async () => {
  const { board, clock, closed, wish, triggered } = await running();
  wish(true, 300);
  await triggered();
  await clock.advance(200 * minuteMs);
  expect([closed(), board.writes]).toEqual([true, [{ coil: 0, on: true }]]);
});

it("makes one more decision for any number of triggers during one", async () => {
  const { loop, reported } = await running();
  for (let time = 0; time < 20; time++) loop.trigger();
  await loop.idle();
  expect(reported).toHaveLength(2);
});

it("switches nothing after the stop, whoever triggers", async () => {
  const { closed, wish, triggered, ending } = await running();
  wish(true);
  ending.abort();
  await triggered();
  expect(closed()).toBe(false);
});
