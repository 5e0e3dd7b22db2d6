import { expect, it } from "vitest";
import { MeterNow } from "../../agent/meter-now.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";
import { cliOf } from "./house-config.ts";

it("gives the newest reading of the running agent, with its age", { timeout: 60_000 }, async () => {
  const house = await agentHouse();
  const { ask } = cliOf(house);
  expect(await ask("meter", "read", "grid")).toMatchObject({ code: 3, err: expect.stringContaining("agent-unreachable") });
  const agent = await house.start();
  expect(await ask("meter", "read", "grid")).toMatchObject({ code: 3, err: expect.stringMatching(/^meter-no-reading: .*grid/) });
  expect(await ask("meter", "read", "attic")).toMatchObject({
    code: 2,
    err: 'usage-unknown-meter: no meter "attic"; there are: grid\n',
  });
  await house.hear(agent, 100_000, 612);
  await house.clock.advance(2500);
  const { code, out } = await ask("meter", "read", "grid");
  expect([code, out]).toEqual([
    0,
    "grid 2026-04-02T10:00:00.000Z: 612 W, import 100.000 kWh, export 12.003 kWh, L1 229.8 V 11 A, 2.5 s old, valid",
  ]);
  const json = await ask("meter", "read", "grid", "--json");
  expect(MeterNow.parse(JSON.parse(json.out))).toMatchObject({
    name: "grid",
    role: "grid",
    ageMs: 2500,
    reading: { powerW: 612 },
  });
});

it("says it again each second until it is stopped, or the agent is gone", { timeout: 60_000 }, async () => {
  const house = await agentHouse();
  const { start } = cliOf(house);
  const agent = await house.start();
  const watching = [start("meter", "read", "grid", "--watch"), start("meter", "read", "grid", "--watch", "--json")];
  const [text, json] = watching;
  await until("both speak", () => watching.every(({ lines }) => lines.length > 0), 20_000);
  expect(text?.lines[0]).toBe("grid: no reading yet");
  await house.hear(agent, 100_000, 777);
  await until("the reading is seen", () => watching.every(({ lines }) => lines.at(-1)?.includes("777") ?? false), 20_000);
  const seen = text?.lines.length ?? 0;
  await until("it goes on", () => (text?.lines.length ?? 0) > seen + 1, 20_000);
  text?.child.kill("SIGINT");
  expect((await text?.ended)?.code).toBe(0);
  await agent.stop();
  expect(await json?.ended).toMatchObject({ code: 3, err: expect.stringContaining("agent-unreachable") });
});
