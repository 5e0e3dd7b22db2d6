import { expect, it } from "vitest";
import { createControlKey, importControlKey, signEnvelope, type EnvelopeType } from "../../core/envelope.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";

it("keeps to the grid operator's failsafe limit until he says that there is none, and then to none", async () => {
  const made = await createControlKey("dso-1");
  const key = await importControlKey(made.privateJwk);
  const house = await agentHouse((yaml) => ({
    ...yaml,
    grid_operator: {
      id: "dso",
      gateway_id: "gw-1",
      broker_url: yaml.aggregator.broker_url,
      control_keys: [made.publicJwk],
      failsafe_limit_w: 2500,
    },
    appliances: { boiler: yaml.appliances.boiler },
  }));
  const { client, heard } = await house.broker.listen("sma/1/dso/gw-1/up/#");
  let seq = 0;
  const send = async (type: EnvelopeType, rest: string, body: object): Promise<void> => {
    const message = { type, site: "gw-1", seq: ++seq, nowMs: house.clock.now(), lifetimeS: 180, body } as const;
    await client.publishAsync(`sma/1/dso/gw-1/dn/${rest}`, await signEnvelope(key, message), { qos: 1 });
  };
  const agent = await house.start();
  await until("the operator's channel is open", () => heard.some(({ topic }) => topic.endsWith("/up/state")));
  const stands = (): unknown[] => [agent.status().gridLimit?.state, house.board.coils.get(0) ?? false];
  await house.down("instr/boiler", await house.sign("instruction", house.instructions("boiler", true)));
  await until("it has the plan", () => agent.status().appliances[0]?.planUntil !== null);
  await house.hear(agent, 100_000);
  await house.clock.advance(10_000);
  expect([...stands(), agent.status().appliances[0]?.reason]).toEqual([
    "failsafe",
    false,
    "no room under the grid operator's limit",
  ]);
  await send("heartbeat", "state", {});
  await send("limit", "limit", { v: 1, limitW: 0, active: false, durationS: null });
  await until("there is no limit", () => agent.status().gridLimit?.state === "unlimited");
  await house.clock.advance(10_000);
  expect(stands()).toEqual(["unlimited", true]);
});
