import { expect, it } from "vitest";
import { readConsent, ConsentMessage } from "../../core/consent.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";
import { cliOf } from "./house-config.ts";

it("is given and taken back by the running agent, which tells the aggregator", { timeout: 90_000 }, async () => {
  const house = await agentHouse();
  const agent = await house.start();
  const { ask } = cliOf(house);
  expect((await ask("consent", "show")).out.split("\n")).toEqual([
    "readings: not given (single readings of the grid meter stay in the house)",
    "appliances: not given (energy and switchings of single appliances stay in the house)",
    "trades: not given (sums of what was traded at an exchange stay in the house)",
  ]);
  expect(await ask("consent", "give", "readings", "--every", "10", "--until", "2099-01-01")).toMatchObject({
    code: 0,
    out: "readings: given to agg at 2026-04-02T10:00:00.000Z by the resident: single readings of the grid meter, every 10 s at most, until 2098-12-31T23:00:00.000Z",
  });
  const told = async (): Promise<unknown> => {
    const { consents } = ConsentMessage.parse(JSON.parse(house.upward("consent").at(-1) ?? "{}"));
    return (await readConsent(consents[0] ?? "")).consent;
  };
  await until("the aggregator is told", () => house.upward("consent").length === 2);
  expect(await told()).toMatchObject({ scope: "readings", given: true, everyS: 10 });
  await house.hear(agent, 100_000);
  await house.clock.advance(20_000);
  await until("a reading came up", () => house.rows().some(({ kind }) => kind === "sample"));
  const { items } = JSON.parse((await ask("consent", "show", "--json")).out) as { items: unknown[] };
  expect(items).toMatchObject([{ scope: "readings", given: true, by: "resident" }]);
  expect((await ask("consent", "revoke", "readings")).out).toMatch(/^readings: not given, taken back at 2026-04-02T10:00:20/);
  await until("the aggregator is told again", () => house.upward("consent").length === 3);
  expect(await told()).toMatchObject({ scope: "readings", given: false });
  const before = house.rows().length;
  await house.hear(agent, 100_010);
  await house.clock.advance(60_000);
  expect(house.rows()).toHaveLength(before);
});

it("says what it does not understand", { timeout: 60_000 }, async () => {
  const house = await agentHouse();
  const { ask } = cliOf(house);
  expect(await ask("consent", "give", "camera")).toMatchObject({
    code: 2,
    err: 'usage-bad-kind: "camera" is nothing to consent to; there are readings, appliances, trades\n',
  });
  expect((await ask("consent", "give", "readings", "--every", "1")).err).toContain("usage-bad-number");
  expect((await ask("consent", "give", "readings", "--until", "2001-01-01")).err).toContain("is over already");
  expect(await ask("consent", "show")).toMatchObject({ code: 3, err: expect.stringContaining("agent-unreachable") as string });
});
