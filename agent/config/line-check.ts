import type { ConfigIssue } from "../../core/config-issue.ts";
import type { AgentYaml } from "./schema.ts";

type Bus = AgentYaml["buses"][string];
type Relay = AgentYaml["relays"][string];

/**
 * One line under two names would be opened twice, and its contacts could be given twice. A gateway's port speaks either
 * Modbus TCP or passes RTU frames on; asked in both ways, one of them always gets garbage.
 */
export function sameLineIssues({ buses }: AgentYaml): ConfigIssue[] {
  const users = new Map<string, { name: string; type: Bus["type"] }>();
  return Object.entries(buses).flatMap(([name, bus]) => {
    const line = lineOf(bus);
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

function lineOf(bus: Bus): string {
  if (bus.type === "serial") return bus.port;
  return "url" in bus ? addressOf(bus.url) : `${bus.host.toLowerCase()}:${bus.port}`;
}

const mqttPorts: Record<string, string> = { "mqtt:": "1883", "mqtts:": "8883" };

/** An address as one of its many spellings: without the port that is meant anyway, and without a slash at the end. */
function addressOf(url: string): string {
  const address = new URL(url.toLowerCase());
  if (address.port === mqttPorts[address.protocol]) address.port = "";
  address.search = "";
  address.hash = "";
  return address.href.replace(/\/$/, "");
}

/** Two names for one contact would switch against each other. */
export function contactIssues({ relays }: AgentYaml): ConfigIssue[] {
  const users = new Map<string, string>();
  return Object.entries(relays).flatMap(([name, relay]) => {
    const { key, said } = contactOf(relay);
    const contact = "bus" in relay ? `${said} on bus "${relay.bus}"` : said;
    const user = users.get(contact);
    users.set(contact, user ?? name);
    return user === undefined ? [] : [{ path: ["relays", name, key], message: `${contact} is already relay "${user}"` }];
  });
}

/** The field that names a contact, and the contact as it is said. */
function contactOf(relay: Relay): { key: string; said: string } {
  switch (relay.driver) {
    case "modbus_coil":
      return { key: "coil", said: `unit ${relay.unit_id} coil ${relay.coil}` };
    case "gpio":
      return { key: "line", said: `line ${relay.line} of ${relay.chip.replace(/^\/dev\//, "")}` };
    case "shelly_http":
      return { key: "channel", said: `channel ${relay.channel}` };
    case "shelly_mqtt":
      return { key: "channel", said: `channel ${relay.channel} of ${relay.topic}` };
    case "tasmota_http":
      return { key: "relay", said: `relay ${relay.relay}` };
    case "tasmota_mqtt":
      return { key: "relay", said: `relay ${relay.relay} of ${relay.topic}` };
  }
}
