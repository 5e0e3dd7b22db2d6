import { expect, it } from "vitest";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import { Refusal } from "../../core/message/refusal.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { until } from "../fake/until.ts";

it("tells the aggregator which of its signed messages it cannot use, and of no other's", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  const stranger = await importControlKey((await createControlKey("control-1")).privateJwk);
  const settle = { kind: "gossip", of: "a later version" };
  const message = { type: "settlement", site: "gw-1", seq: 900, nowMs: house.clock.now(), lifetimeS: 60, body: settle } as const;
  await house.down("settle/supply", await signEnvelope(stranger, message));
  await house.down("settle/supply", await house.sign("settlement", settle, { seq: 901 }));
  await house.down("price", await house.sign("price", { v: 2 }, { seq: 902 }));
  await until("both were told", () => house.upward("refused").length === 2);
  expect(house.upward("refused").map((text) => Refusal.parse(JSON.parse(text)))).toMatchObject([
    { topic: "settle/supply", kid: "control-1", seq: 901, code: "settlement-malformed" },
    { topic: "price", kid: "control-1", seq: 902, code: "price-malformed" },
  ]);
  expect(agent.status().rejected).toMatchObject({ "envelope-bad-signature": 1, "settlement-malformed": 1, "price-malformed": 1 });
});
