import { join } from "node:path";
import { expect, it } from "vitest";
import type { Intent } from "../../agent/plan/intent.ts";
import { RelayTested, withTests } from "../../agent/relay-test.ts";
import { askAgent } from "../../cli/ask-agent.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";

const intent = (authority: Intent["authority"]): Intent => ({
  resource: "boiler",
  setting: { mode: "on", powerW: 2000 },
  authority,
  reason: authority,
});

it("stands above comfort, and below what keeps pipes from freezing", () => {
  const wins = (need: Intent["authority"]): string | undefined =>
    withTests(new Map([["boiler", intent(need)]]), new Map([["boiler", intent("override")]])).get("boiler")?.reason;
  expect([wins("comfort"), wins("safety")]).toEqual(["override", "safety"]);
  expect(withTests(new Map(), new Map([["boiler", intent("override")]])).size).toBe(1);
});

async function running() {
  const house = await agentHouse();
  const agent = await house.start();
  await house.hear(agent, 100_000);
  const post = (body: unknown) =>
    askAgent(join(house.folder, "agent.sock"), { method: "POST", path: "/v1/relay-test", body, takesMs: 60_000 });
  return { ...house, agent, post };
}

it("runs one test of a relay at a time, and leaves no wish behind", async () => {
  const { board, clock, post, agent, hear } = await running();
  const first = post({ relay: "r1", seconds: 5 });
  await until("it is closed", () => board.coils.get(0) === true);
  expect(await post({ relay: "r1", seconds: 5 })).toMatchObject({
    statusCode: 409,
    body: { title: "relay-test-refused", detail: 'a test of relay "r1" runs already' },
  });
  let answer: Awaited<typeof first> | undefined;
  void first.then((said) => (answer = said));
  await until("it is over", async () => {
    await clock.advance(1000);
    return answer !== undefined;
  });
  expect(RelayTested.parse(answer?.body)).toEqual({
    relay: "r1",
    appliance: "boiler",
    closed: true,
    seconds: 5,
    cutShort: null,
    notRestored: null,
  });
  await clock.advance(1000);
  await hear(agent, 100_001);
  expect(agent.status().appliances[0]).toMatchObject({ on: false, reason: "no instruction in force" });
  expect(agent.status().overrides).toEqual([]);
});

it.each([{}, { relay: "r1" }, { relay: "r1", seconds: 0 }, { relay: "r1", seconds: 901 }, { relay: "r 1", seconds: 5 }, "r1"])(
  "refuses %j as malformed",
  async (body) => {
    const { board, post } = await running();
    const writes = board.writes.length;
    expect(await post(body)).toMatchObject({ statusCode: 400, body: { title: "relay-test-malformed" } });
    expect(board.writes).toHaveLength(writes);
  },
);

it("leaves every relay safe where the agent stops in the middle of a test", async () => {
  const { board, agent, post } = await running();
  const asked = post({ relay: "r1", seconds: 600 }).catch((error: unknown) => error);
  await until("it is closed", () => board.coils.get(0) === true);
  await agent.stop();
  expect(board.coils.get(0)).toBe(false);
  await asked;
});
