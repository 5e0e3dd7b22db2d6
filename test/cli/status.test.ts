import { expect, it } from "vitest";
import { describeStatus } from "../../cli/status.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { until } from "../fake/until.ts";

it("shows temperatures with their age, and how the aggregator is heard", async () => {
  const { state: device } = await registerSlave(11, { input: [[0, 523]] });
  const sensor = { driver: "modbus_register", bus: "heating", unit_id: 11 };
  const house = await agentHouse((given) => ({
    ...given,
    buses: { ...given.buses, heating: { type: "modbus_tcp", host: "127.0.0.1", port: device.port } },
    sensors: { tank: { ...sensor, address: 0 }, room: { ...sensor, address: 1 } },
  }));
  const agent = await house.start();
  await house.clock.advance(0);
  await until("the tank's temperature is known", () => agent.status().sensors[0]?.temperatureC === 52.3);
  const lines = describeStatus(agent.status());
  expect(lines).toContain("sensor tank: 52.3 °C, 0 s old");
  expect(lines).toContain("sensor room: no temperature yet");
  expect(lines).toContain("aggregator: connected, last heartbeat never");
});

it("says that no aggregator is configured, and does not look for a broken connection", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  const lines = describeStatus({ ...agent.status(), aggregator: null, connected: false });
  expect(lines.filter((line) => line.startsWith("aggregator:"))).toEqual(["aggregator: none in the configuration"]);
});
