import type { ConfigIssue } from "../../core/config-issue.ts";
import { have, own } from "./names.ts";
import { meterDrivers, type Buses } from "../../drivers/registry.ts";
import { applianceConfig } from "./appliance-config.ts";
import { applianceIssues } from "./appliance-check.ts";
import { fusePowerW } from "./fuse-power.ts";
import type { AgentYaml } from "./schema.ts";

/**
 * What a schema of single fields cannot see: names that point nowhere, two appliances on one relay,
 * a bus of the wrong kind, safe states that together overload the house, real devices in a simulation.
 */
export function crossCheck(config: AgentYaml): ConfigIssue[] {
  return [
    ...sameLineIssues(config),
    ...busIssues(config),
    ...contactIssues(config),
    ...applianceIssues(config),
    ...gridIssues(config),
    ...simulationIssues(config),
  ];
}

const drivers: Record<string, { needs: keyof Buses }> = { ...meterDrivers };
const readsBytes = (driver: string): boolean => drivers[driver]?.needs === "bytes";

function busIssues({ buses, meters, relays, sensors, appliances }: AgentYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const users = [
    ...usersOf("meters", meters),
    ...usersOf("relays", relays),
    ...usersOf("sensors", sensors),
    ...usersOf("appliances", appliances),
  ];
  for (const { group, name, driver, bus: wanted } of users) {
    const bus = own(buses, wanted);
    const path = [group, name, "bus"];
    if (!bus) issues.push({ path, message: `no bus called "${wanted}" (have: ${have(Object.keys(buses))})` });
    else if (readsBytes(driver) && bus.type === "modbus_tcp")
      issues.push({
        path,
        message: `driver ${driver} reads a byte stream; bus "${wanted}" is modbus_tcp, use type serial or tcp`,
      });
  }
  for (const { group, name, driver, bus } of users)
    if (group === "meters" && readsBytes(driver))
      for (const other of users)
        if (other.bus === bus && other.name !== name)
          issues.push({
            path: ["meters", name, "bus"],
            message: `bus "${bus}" is a byte stream of its own; ${other.name} cannot share it`,
          });
  return issues;
}

/** Parts of a section that sit on a bus; an appliance that is switched by relays does not. */
function usersOf(group: string, parts: Record<string, object>): { group: string; name: string; driver: string; bus: string }[] {
  return Object.entries(parts).flatMap(([name, part]) =>
    "bus" in part && "driver" in part ? [{ group, name, driver: String(part.driver), bus: String(part.bus) }] : [],
  );
}

/**
 * One line under two names would be opened twice, and its contacts could be given twice. A gateway's port speaks either
 * Modbus TCP or passes RTU frames on; asked in both ways, one of them always gets garbage.
 */
function sameLineIssues({ buses }: AgentYaml): ConfigIssue[] {
  const users = new Map<string, { name: string; type: AgentYaml["buses"][string]["type"] }>();
  return Object.entries(buses).flatMap(([name, bus]) => {
    const line = bus.type === "serial" ? bus.port : `${bus.host.toLowerCase()}:${bus.port}`;
    const user = users.get(line);
    users.set(line, { name, type: bus.type });
    if (user === undefined) return [];
    const message =
      user.type === bus.type
        ? `is the same line as bus "${user.name}" (${line}); use one name for both`
        : `is ${bus.type} but bus "${user.name}" is ${user.type} on the same port (${line}); a port speaks only one of them: keep the bus whose type the gateway is set to`;
    return [{ path: ["buses", name], message }];
  });
}

/** Two names for one contact would switch against each other. */
function contactIssues({ relays }: AgentYaml): ConfigIssue[] {
  const users = new Map<string, string>();
  return Object.entries(relays).flatMap(([name, relay]) => {
    const contact = `${relay.bus} ${relay.unit_id} ${relay.coil}`;
    const user = users.get(contact);
    if (user !== undefined)
      return [
        {
          path: ["relays", name, "coil"],
          message: `unit ${relay.unit_id} coil ${relay.coil} on bus "${relay.bus}" is already relay "${user}"`,
        },
      ];
    users.set(contact, name);
    return [];
  });
}

function gridIssues({ site, meters, relays, appliances }: AgentYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const grids = Object.entries(meters).filter(([, meter]) => meter.role === "grid");
  if (grids.length !== 1)
    issues.push({
      path: ["meters"],
      message: `exactly one meter must have role grid, ${grids.length} have (${have(grids.map(([name]) => name))})`,
    });
  const fuseW = fusePowerW({ phases: site.grid.phases, fuseA: site.grid.fuse_a });
  if (site.grid.max_import_w > fuseW)
    issues.push({
      path: ["site", "grid", "max_import_w"],
      message: `${site.grid.max_import_w} W is more than the fuse carries (${fuseW} W)`,
    });
  const safe = Object.entries(appliances)
    .map(([name, appliance]) => applianceConfig(name, appliance, (relay) => own(relays, relay)?.on_boot === "closed"))
    .filter((appliance) => appliance.safe.powerW > 0);
  const safeW = safe.reduce((sum, appliance) => sum + appliance.safe.powerW, 0);
  if (safeW > site.grid.max_import_w)
    issues.push({
      path: ["appliances"],
      message: `with all appliances in their safe state ${have(safe.map(({ name }) => name))} draw ${safeW} W, more than max_import_w ${site.grid.max_import_w} W; let fewer relays have on_boot: closed`,
    });
  return issues;
}

function simulationIssues({ simulation, buses }: AgentYaml): ConfigIssue[] {
  if (!simulation) return [];
  return Object.entries(buses).flatMap(([name, bus]) =>
    bus.type === "serial" || bus.host !== "127.0.0.1"
      ? [{ path: ["buses", name], message: "a configuration with simulation may only use hosts on 127.0.0.1, no real device" }]
      : [],
  );
}
