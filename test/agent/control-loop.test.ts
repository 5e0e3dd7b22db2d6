import { expect, it, onTestFinished } from "vitest";
import { startActuator, type Actuator } from "../../agent/actuate/actuator.ts";
import { startControlLoop } from "../../agent/control-loop.ts";
import { guardStateFromJournal } from "../../agent/guard-memory.ts";
import { switchedAppliance } from "../../agent/guard/guarded-appliance.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { relayLoad } from "../../drivers/appliance/relay-load.ts";
import { houseAt } from "../fake/guarded.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const minuteMs = 60_000;
const boiler = switchedAppliance({
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 0,
  minOffMs: 10 * minuteMs,
  safeOn: false,
  maxOffMs: null,
});

async function running(change: Partial<Actuator> = {}) {
  const board = await relayBoard();
  const clock = fakeClock(startMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const errors: unknown[] = [];
  const elsewhere: string[] = [];
  const actuator = startActuator({
    appliances: [
      { resource: "boiler", safe: boiler.safe, device: relayLoad({ name: "boiler", relay: board.relay(0), ratedPowerW: 2000 }) },
    ],
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
    local: () => new Map(),
    overrides: () => [],
    needs: () => new Map(),
    spent: () => new Map(),
    house: () => houseAt(0, { meterAgeMs: grid?.ageMs ?? Infinity, importW: grid?.powerW ?? null, maxImportW: 5000 }),
    onElsewhere: (resource, setting) => void elsewhere.push(`${resource} ${setting.mode}`),
    actuator: { ...actuator, ...change },
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
    elsewhere,
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
  const now = {
    resource: "boiler",
    on: false,
    setting: { mode: "off", powerW: 0 },
    reason: "meter stale, safe state",
    authority: "instruction",
  };
  expect([closed(), loop.now()]).toEqual([false, [now]]);
});

it("reduces at once while a slow line is being read back", async () => {
  const [asked, slow] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { clock, closed, wish, loop, triggered } = await running({
    readBack() {
      asked.resolve();
      return slow.promise;
    },
  });
  wish(true);
  await triggered();
  const advanced = clock.advance(10_000);
  await asked.promise;
  wish(false);
  loop.trigger();
  await until("the contact is open", () => !closed(), 2000);
  slow.resolve();
  await advanced;
});

it("opens a contact that somebody else has closed, and rests before it closes one that somebody has opened", async () => {
  const { board, clock, closed, wish, triggered, elsewhere } = await running();
  await triggered();
  board.coils.set(0, true);
  await clock.advance(30_000);
  expect([closed(), elsewhere]).toEqual([false, ["boiler on"]]);
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

it("counts what somebody switches at the device, so that the two together do not wear it", async () => {
  const { board, clock, closed, loop, triggered } = await running();
  await triggered();
  for (let time = 0; time < 3; time++) {
    board.coils.set(0, true);
    await clock.advance(60_000);
    expect(closed()).toBe(false);
  }
  board.coils.set(0, true);
  await clock.advance(60_000);
  expect([closed(), loop.now()[0]?.reason]).toEqual([true, "switched too often this hour"]);
});

it.each([[3 * 3_600_000], [-3 * 3_600_000], [10 * 365 * 86_400_000]])(
  "goes to the safe state when the clock jumps by %d ms, and follows it after five minutes",
  async (jumpMs) => {
    const { clock, closed, wish, triggered } = await running();
    wish(true, 24 * 60);
    await triggered();
    expect(closed()).toBe(true);
    clock.jump(jumpMs);
    await clock.advance(10_000);
    expect(closed()).toBe(false);
    wish(true, 24 * 60);
    await clock.advance(boiler.minOffMs - 20_000);
    expect(closed()).toBe(false);
    await clock.advance(30_000);
    expect(closed()).toBe(true);
  },
);

it("takes network time that corrects a minute for no jump", async () => {
  const { clock, closed, wish, triggered } = await running();
  wish(true, 60);
  await triggered();
  clock.jump(60_000);
  await clock.advance(10_000);
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
