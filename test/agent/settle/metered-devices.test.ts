import { expect, it } from "vitest";
import { meteredDevices } from "../../../agent/settle/metered-devices.ts";
import { agentConfigFromYaml } from "../../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";

it("are those with a load meter, with the power that they draw by themselves", () => {
  const relay = (coil: number) => ({ driver: "modbus_coil", bus: "lan", unit_id: 10, coil, on_boot: "open" });
  const yaml = AgentYaml.parse({
    version: 1,
    site: { name: "x", timezone: "Europe/Amsterdam", currency: "EUR", grid: { phases: 1, fuse_a: 25, max_import_w: 5000 } },
    buses: { lan: { type: "modbus_tcp", host: "127.0.0.1", port: 1502 } },
    meters: {
      grid: { role: "grid", driver: "eastron_sdm630", bus: "lan", unit_id: 1 },
      tank: { role: "load", driver: "eastron_sdm630", bus: "lan", unit_id: 2 },
    },
    relays: { r1: relay(0), r2: relay(1) },
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "r1",
        rated_power_w: 2000,
        meter: "tank",
        comfort: { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30" },
      },
      plain: {
        type: "switched_load",
        relay: "r2",
        rated_power_w: 900,
        comfort: { energy_wh_per_day: 900, not_before: "20:00", ready_by: "06:30" },
      },
    },
    storage: { path: "data.db" },
  });
  expect(meteredDevices(agentConfigFromYaml(yaml, "/tmp"))).toEqual([{ resource: "boiler", meter: "tank", powerW: 2000 }]);
});
