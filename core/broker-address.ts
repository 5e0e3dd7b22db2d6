/** Where a broker is, in the parts that an MQTT client takes. */
export interface BrokerAddress {
  protocol: "mqtt" | "mqtts";
  host: string;
  port: number;
}

/** Takes an mqtt:// or mqtts:// address apart; the port is 1883 or 8883 where it is left out. */
export function brokerAddress(url: string): BrokerAddress {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === "mqtts:";
  return {
    protocol: secure ? "mqtts" : "mqtt",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port ? Number(port) : secure ? 8883 : 1883,
  };
}
