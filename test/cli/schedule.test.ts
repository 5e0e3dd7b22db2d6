import { expect, it } from "vitest";
import { AgentSchedule } from "../../agent/schedule-now.ts";
import { agentHouse, houseStartMs } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";
import { cliOf } from "./house-config.ts";

const at = (hours: number): string => new Date(houseStartMs + hours * 3_600_000).toISOString();

/** 12:00 in Amsterdam; the boiler is to run from 14:00 to 16:00, the pump to be held off from 13:00 to 14:00. */
async function planned() {
  const house = await agentHouse((yaml) => ({
    ...yaml,
    site: {
      ...yaml.site,
      grid: { phases: 1, fuse_a: 25, max_import_w: 5000, random_delay_s: 600, max_ramp_w_per_min: 100_000 },
    },
  }));
  const agent = await house.start();
  await house.hear(agent, 100_000);
  const list = (resource: string, on: boolean, fromH: number, untilH: number) => {
    const { plan, instructions } = house.instructions(resource, on);
    return { plan, resource, instructions: [{ ...instructions[0], executionTime: at(fromH), validUntil: at(untilH) }] };
  };
  for (const one of [list("boiler", true, 2, 4), list("pump", false, 1, 2)]) {
    await house.down(`instr/${one.resource}`, await house.sign("instruction", one));
    await until("it is acknowledged", () => house.upward(`ack/${one.plan}`).length === 1);
  }
  return { ...house, agent, ...cliOf(house) };
}

it(
  "shows the next day by time, the resident above the aggregator, with the delays that are drawn",
  { timeout: 60_000 },
  async () => {
    const { ask, board } = await planned();
    expect((await ask("override", "pause", "pump", "--until", at(0.5))).code).toBe(0);
    await until("the pump is off", () => board.coils.get(1) === false);
    const { code, out } = await ask("schedule", "show");
    expect(code).toBe(0);
    const delays = [...out.matchAll(/rises (\d+) s later/g)].map(([, seconds]) => Number(seconds));
    const paused = `pause until ${at(0.5)}`;
    expect(out.split("\n")).toEqual([
      "Test home, times in Europe/Amsterdam",
      "now: boiler off (0 W), no instruction in force",
      `now: pump off (0 W), ${paused}`,
      "time                   appliance  does         by",
      "Thu 12:00 - Thu 14:00  boiler     off (0 W)    safe state: no instruction in force",
      `Thu 12:00 - Thu 12:30  pump       off (0 W)    resident: ${paused}`,
      `Thu 12:30 - Thu 13:00  pump       on (2500 W)  safe state: no instruction in force (rises ${delays[0]} s later)`,
      "Thu 13:00 - Thu 14:00  pump       off (0 W)    aggregator: cheapest time",
      `Thu 14:00 - Thu 16:00  boiler     on (2000 W)  aggregator: cheapest time (rises ${delays[1]} s later)`,
      `Thu 14:00 - Fri 12:00  pump       on (2500 W)  safe state: no instruction in force (rises ${delays[2]} s later)`,
      "Thu 16:00 - Fri 12:00  boiler     off (0 W)    safe state: no instruction in force",
    ]);
    // Both begin in one slot, and the gateway draws once for it.
    expect(delays[1]).toBe(delays[2]);
    const json = AgentSchedule.parse(JSON.parse((await ask("schedule", "show", "--json")).out));
    expect(json).toMatchObject({ site: "Test home", timezone: "Europe/Amsterdam", at: at(0), until: at(24) });
    expect(json.appliances[0]?.now).toEqual({
      mode: "off",
      powerW: 0,
      authority: "safe-state",
      reason: "no instruction in force",
    });
    const cheapest = { from: at(2), until: at(4), mode: "on", powerW: 2000, authority: "instruction", reason: "cheapest time" };
    expect(json.appliances[0]?.spans[1]).toEqual({ ...cheapest, delayS: delays[1] });
  },
);

it("announces the delay that the guard then keeps", { timeout: 60_000 }, async () => {
  const { ask, board, clock, agent, hear } = await planned();
  const json = AgentSchedule.parse(JSON.parse((await ask("schedule", "show", "--json")).out));
  const delayS = json.appliances[0]?.spans[1]?.delayS ?? 0;
  await clock.advance(2 * 3_600_000 - 10_000);
  await hear(agent, 100_001);
  let onAfterS = -10;
  for (let heard = 0; board.coils.get(0) !== true && onAfterS < 700; heard++) {
    await clock.advance(10_000);
    await hear(agent, 100_002 + heard);
    onAfterS += 10;
  }
  expect(onAfterS).toBeGreaterThanOrEqual(delayS);
  expect(onAfterS).toBeLessThan(delayS + 20);
});

it("explains a time: by whose word, with what delay, and how it stands at present", { timeout: 60_000 }, async () => {
  const { ask } = await planned();
  const explained = async (time: string): Promise<string[]> => {
    const { code, out } = await ask("schedule", "explain", time);
    expect(code).toBe(0);
    return out.split("\n").map((line) => line.replace(/rises \d+ s/, "rises N s"));
  };
  const last = "Limits, rests and comfort may hold something else then: only what was said in advance is known.";
  expect(await explained("15:30")).toEqual([
    `at Thu 15:30 (${at(3.5)})`,
    "boiler: on (2000 W) from Thu 14:00 until Thu 16:00",
    "    by the aggregator's instruction: cheapest time",
    "    rises N s after Thu 14:00: the random delay drawn for that quarter of an hour",
    "pump: on (2500 W) from Thu 14:00 until Fri 12:00",
    "    by nobody (no instruction in force): its safe state",
    "    rises N s after Thu 14:00: the random delay drawn for that quarter of an hour",
    last,
  ]);
  expect((await explained(at(1.25))).slice(1, 5)).toEqual([
    "boiler: off (0 W) from Thu 12:00 until Thu 14:00",
    "    by nobody (no instruction in force): its safe state",
    "pump: off (0 W) from Thu 13:00 until Thu 14:00",
    "    by the aggregator's instruction: cheapest time",
  ]);
  expect(await explained("now")).toContain("    stands at on (2500 W) now: no instruction in force");
  expect((await ask("override", "boost", "boiler", "--until", at(3))).code).toBe(0);
  expect(await explained("14:30")).toContain(`    by the resident's override: boost until ${at(3)}`);
  const json = JSON.parse((await ask("schedule", "explain", "15:30", "--json")).out) as { at: string; appliances: object[] };
  expect(json).toMatchObject({
    at: at(3.5),
    appliances: [{ name: "boiler", authority: "instruction", now: null }, { name: "pump" }],
  });
  for (const time of ["noon", "24:00", at(-1), at(24)])
    expect(await ask("schedule", "explain", time)).toMatchObject({ code: 2, err: expect.stringContaining("usage-bad-time") });
});

it("prices a deadline an hour earlier and later, by the prices that are known", { timeout: 60_000 }, async () => {
  const { ask, down, sign } = await planned();
  // Dear, but for 05:00 to 06:00 and 06:30 to 07:30; the boiler needs four hours by 06:30.
  const halfHours = Array.from({ length: 72 }, (_, index) => {
    const hour = (12 + index / 2) % 24;
    return String((hour >= 5 && hour < 6) || (hour >= 6.5 && hour < 7.5) ? 100_000 : 300_000);
  });
  const series = { v: 1, currency: "EUR", start: at(0), stepS: 1800, importPerKwh: halfHours, exportPerKwh: halfHours };
  await down("price", await sign("price", series));
  let lines: string[] = [];
  await until("the prices are known", async () => {
    lines = (await ask("schedule", "explain", "15:30")).out.split("\n").filter((line) => line.includes("instead of"));
    return lines.length > 0;
  });
  // The earlier one loses half of the cheap hour, 1 kWh at 0.20 EUR more. The later one gains another cheap hour, 0.40 EUR, but
  // then the fuse has no room for the pump in it, which had waited half an hour for it: 0.10 EUR.
  expect(lines).toEqual([
    "boiler: ready at 05:30 instead of 06:30 costs 0.20 EUR",
    "boiler: ready at 07:30 instead of 06:30 saves 0.30 EUR",
  ]);
});

it("says that no agent runs", { timeout: 60_000 }, async () => {
  const { ask } = cliOf(await agentHouse());
  for (const args of [["show"], ["explain", "now"]])
    expect(await ask("schedule", ...args)).toMatchObject({ code: 3, err: expect.stringContaining("agent-unreachable") });
  // What is no time at all is said without it.
  expect(await ask("schedule", "explain", "25:00")).toMatchObject({ code: 2, err: expect.stringContaining("usage-bad-time") });
});
