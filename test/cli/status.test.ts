import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeStatus } from "../../cli/status.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { runCli } from "../fake/run-cli.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { writeGateway } from "./gateway-files.ts";

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

it.each<[string, object, string]>([
  ["waits for its enrolment", { enrolled: true }, "not enrolled yet, run smart-mla enrol CODE"],
  ["got one since it started", { id: "agg", gateway_id: "gw" }, "configured since the agent started, restart it"],
])("says what to do where the agent has no aggregator because it %s", async (_, section, said) => {
  const status = (await (await agentHouse()).start()).status();
  const folder = scratch("status");
  mkdirSync(join(folder, "state"));
  const agent = createServer((_request, response) => response.end(JSON.stringify({ ...status, aggregator: null })));
  agent.listen(join(folder, "state", "agent.sock"));
  onTestFinished(() => void agent.close());
  await once(agent, "listening");
  const key = { kty: "OKP", crv: "Ed25519", kid: "k", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const aggregator = "id" in section ? { ...section, broker_url: "mqtt://127.0.0.1:9", control_keys: [key] } : section;
  expect((await runCli(["status", "-c", writeGateway(folder, { aggregator })])).out).toContain(`aggregator: ${said}`);
});

it("shows settings from afar, and the newest that did not stay", async () => {
  const house = await agentHouse();
  const agent = await house.start();
  const lines = (): string[] => describeStatus(agent.status()).filter((line) => line.startsWith("settings from afar"));
  expect(lines()).toEqual([]);
  const [one, two] = ["1", "2"].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
  const order = async (revision: string | undefined, config: object, said: string): Promise<void> => {
    await house.down("config", await house.sign("config", { v: 1, revision, config, trialS: 120 }));
    await until("it is answered", () => lines().some((line) => line.includes(said)));
  };
  await order(one, { "storage.commit_every_s": 20 }, "on trial");
  expect(lines()).toEqual(["settings from afar: log.level=info storage.commit_every_s=20, on trial"]);
  await order(two, { "site.grid.fuse_a": 63 }, "did not stay");
  expect(lines()[0]).toMatch(/^settings from afar: .*on trial; the newest that did not stay: config-not-allowed, /);
});
