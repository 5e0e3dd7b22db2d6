import type { ConfigIssue } from "../../core/config-issue.ts";
import { have, own } from "./names.ts";
import { needsOfAppliances, ownRelayDrivers } from "../../drivers/appliance-registry.ts";
import { meterDrivers, type Buses } from "../../drivers/registry.ts";
import { contactIssues, sameLineIssues } from "./line-check.ts";
import { applianceIssues } from "./appliance-check.ts";
import { listenIssues } from "./charger-check.ts";
import { fusePowerW } from "./fuse-power.ts";
import { pricesIssues } from "./prices-check.ts";
import { safePowerIssues } from "./safe-power-check.ts";
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
    ...listenIssues(config),
    ...gridIssues(config),
    ...safePowerIssues(config),
    ...homeIssues(config),
    ...pricesIssues(config),
    ...exchangeIssues(config),
    ...simulationIssues(config),
  ];
}

/** Orders and trades are signed by the key of settlement, and slots of trades must be whole slots of the meter. */
function exchangeIssues({ exchange, settlement, site }: AgentYaml): ConfigIssue[] {
  if (!exchange) return [];
  const issues: ConfigIssue[] = [];
  if (!settlement)
    issues.push({ path: ["exchange"], message: "needs the section settlement, whose key signs orders and trades" });
  if (15 % site.slot_minutes !== 0)
    issues.push({ path: ["site", "slot_minutes"], message: "must divide 15 where the house trades at an exchange" });
  return issues;
}

const drivers: Record<string, { needs: keyof Buses }> = { ...meterDrivers, ...needsOfAppliances };
const needsOf = (driver: string): keyof Buses => drivers[driver]?.needs ?? "none";
const readsBytes = (driver: string): boolean => needsOf(driver) === "bytes";

/** What type of bus carries which kind of line. */
const typesFor: Record<keyof Buses, readonly string[]> = {
  bytes: ["serial", "tcp"],
  modbus: ["serial", "tcp", "modbus_tcp"],
  http: ["http"],
  mqtt: ["mqtt"],
  none: [],
};
const fits = (driver: string, type: string): boolean => typesFor[needsOf(driver)].includes(type);
const speaks = (driver: string): string => (readsBytes(driver) ? "reads a byte stream" : `speaks ${needsOf(driver)}`);

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
    else if (!fits(driver, bus.type))
      issues.push({
        path,
        message: `driver ${driver} ${speaks(driver)}; bus "${wanted}" is ${bus.type}, use type ${typesFor[needsOf(driver)].join(" or ")}`,
      });
  }
  for (const user of users)
    if (user.group === "meters" && readsBytes(user.driver))
      for (const other of users)
        // A meter and a relay may have the same name.
        if (other.bus === user.bus && other !== user)
          issues.push({
            path: ["meters", user.name, "bus"],
            message: `bus "${user.bus}" is a byte stream of its own; ${other.group}.${other.name} cannot share it`,
          });
  return issues;
}

/** Parts of a section that sit on a bus; an appliance that is switched by relays does not. */
function usersOf(group: string, parts: Record<string, object>): { group: string; name: string; driver: string; bus: string }[] {
  return Object.entries(parts).flatMap(([name, part]) =>
    "bus" in part && "driver" in part ? [{ group, name, driver: String(part.driver), bus: String(part.bus) }] : [],
  );
}

function gridIssues({ site, meters }: AgentYaml): ConfigIssue[] {
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
  if (site.grid.peak_price_per_kw !== undefined && site.grid.peak_w === undefined)
    issues.push({
      path: ["site", "grid", "peak_price_per_kw"],
      message: "a price of a peak needs peak_w, the peak that is paid for anyway",
    });
  return issues;
}

function homeIssues({ home, buses }: AgentYaml): ConfigIssue[] {
  if (!home) return [];
  const bus = own(buses, home.bus);
  if (bus?.type === "mqtt") return [];
  const message = bus
    ? `bus "${home.bus}" is ${bus.type}; the home's broker is of type mqtt`
    : `no bus called "${home.bus}" (have: ${have(Object.keys(buses))})`;
  return [{ path: ["home", "bus"], message }];
}

/** Simulated time may run a thousand times as fast: nothing real is switched by it. */
function simulationIssues({ simulation, buses, relays, appliances }: AgentYaml): ConfigIssue[] {
  if (!simulation) return [];
  const lines = Object.entries(buses).flatMap(([name, bus]) =>
    hostOf(bus) !== "127.0.0.1"
      ? [{ path: ["buses", name], message: "a configuration with simulation may only use hosts on 127.0.0.1, no real device" }]
      : [],
  );
  const pins = Object.entries(relays).flatMap(([name, { driver }]) =>
    driver in ownRelayDrivers
      ? [
          {
            path: ["relays", name, "driver"],
            message: `a configuration with simulation may use no contact of the machine itself (${driver}); put the relay on a bus on 127.0.0.1`,
          },
        ]
      : [],
  );
  const dialled = Object.entries(appliances).flatMap(([name, appliance]) =>
    "listen_host" in appliance && !loopback.has(appliance.listen_host)
      ? [
          {
            path: ["appliances", name, "listen_host"],
            message: `a configuration with simulation may only listen on 127.0.0.1, where no real charger dials; ${appliance.listen_host} is elsewhere`,
          },
        ]
      : [],
  );
  return [...lines, ...pins, ...dialled];
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

/** Host of a line; null for a serial port. */
function hostOf(bus: AgentYaml["buses"][string]): string | null {
  if (bus.type === "serial") return null;
  return "url" in bus ? new URL(bus.url).hostname : bus.host;
}
