import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

/** A small good configuration of a gateway that nothing answers to; `more` replaces whole sections. */
export function gatewayYaml(more: object = {}): object {
  return {
    version: 1,
    site: {
      name: "Alder Yard 7",
      timezone: "Europe/Amsterdam",
      currency: "EUR",
      slot_minutes: 15,
      grid: { phases: 3, fuse_a: 25, max_import_w: 17_250 },
    },
    buses: { p1: { type: "tcp", host: "127.0.0.1", port: 1 }, board: { type: "modbus_tcp", host: "127.0.0.1", port: 2 } },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    storage: { path: "state/data.db" },
    log: { level: "warn" },
    ...more,
  };
}

/** Writes it as YAML and gives the file's path. */
export function writeGateway(folder: string, more: object = {}): string {
  const file = join(folder, "agent.yaml");
  writeFileSync(file, stringify(gatewayYaml(more)));
  return file;
}

/** Relays on coils 3, 4 and 5 of unit 10; the second falls back to closed, the third is wired the other way round. */
export const threeRelays = {
  relays: {
    boiler: { driver: "modbus_coil", bus: "board", unit_id: 10, coil: 3, on_boot: "open" },
    pump: { driver: "modbus_coil", bus: "board", unit_id: 10, coil: 4, on_boot: "closed" },
    car: { driver: "modbus_coil", bus: "board", unit_id: 10, coil: 5, on_boot: "open", inverted: true },
  },
};
