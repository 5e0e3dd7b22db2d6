import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { layOut, writeConfigs } from "../../../cli/demo/demo-files.ts";
import { agentConfigFromYaml } from "../../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";
import { house, newHouse, type Contact } from "../../../simulator/house/house.ts";
import { houseTelegram } from "../../../simulator/meter/house-telegram.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { scratch } from "../../fake/scratch.ts";

const contacts = { boiler: "boiler", car: "ev", heat_pump: "heatpump" } as const satisfies Record<string, Contact>;

/** Phases on which a simulated house draws more when one of its appliances runs, by its meter's telegram. */
function phasesOf(contact: Contact): number[] {
  // At two in the morning in Amsterdam the car is at home, and the house is cold enough for its heat pump.
  const startMs = Date.parse("2026-01-20T01:00:00Z");
  const importsW = (closed: boolean): number[] => {
    const one = house({ ...newHouse({ seed: 1, startMs, panelsW: 0 }), room: { temperatureC: 19, calling: true } });
    one.set(contact, closed);
    one.runTo(startMs / 1000 + 60);
    const told = houseTelegram(one, "1").toString("latin1");
    return [21, 41, 61].map((code) => Number(new RegExp(`1-0:${code}\\.7\\.0\\(([\\d.]+)`).exec(told)?.[1]) * 1000);
  };
  const [off, on] = [importsW(false), importsW(true)];
  return on.flatMap((watts, index) => (watts > (off[index] ?? 0) + 1000 ? [index + 1] : []));
}

it("names the phases that the appliances of a simulated house load, so that a car need not wait for a heat pump", async () => {
  const ports = (() => {
    let next = 20_000;
    return async () => next++;
  })();
  const files = await layOut(scratch("demo-files"), 1, ports);
  await writeConfigs(files, { contract: `0x${"1".repeat(40)}`, agreements: new Map([["home-1", {}]]) } as never, {
    prices: exampleSeries(),
    worth: null,
    clockUrl: "unix:/none",
    settling: "together",
    parts: [],
  });
  const yaml = AgentYaml.parse(parse(readFileSync(files.homes[0]?.configFile ?? "", "utf8")));
  const { appliances } = agentConfigFromYaml(yaml, files.homes[0]?.folder ?? "");
  for (const { name, phases } of appliances)
    expect([name, phases]).toEqual([name, phasesOf(contacts[name as keyof typeof contacts])]);
  expect(appliances).toHaveLength(3);
});
