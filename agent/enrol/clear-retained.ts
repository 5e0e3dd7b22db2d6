import mqtt from "mqtt";
import { AppError } from "../../core/app-error.ts";
import { brokerConnection } from "../../core/broker-connection.ts";
import { topic } from "../../core/topic.ts";
import type { AggregatorLink } from "../config/agent-config.ts";

const withinMs = 5000;

/**
 * Takes back what the broker retains of this home: its state, consents, trades and configuration, and the appliances with how they stand.
 * @throws whatever the connection throws; the caller goes on
 */
export async function clearRetained(link: AggregatorLink, appliances: readonly string[]): Promise<void> {
  const client = mqtt.connect({
    ...brokerConnection({ ...link, url: link.brokerUrl }, "aggregator"),
    clientId: link.gatewayId,
    protocolVersion: 4,
    clean: true,
    connectTimeout: withinMs,
    reconnectPeriod: 0,
  });
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.on("error", reject);
    client.once("close", () => reject(new AppError("mqtt-offline", `broker ${link.brokerUrl} hung up`, { temporary: true })));
  });
  try {
    const rests = [
      "state",
      "consent",
      "traded",
      "config",
      ...appliances.flatMap((name) => [`resource/${name}`, `status/${name}`]),
    ];
    for (const rest of rests) await client.publishAsync(topic(link.id, link.gatewayId, "up", rest), "", { qos: 1, retain: true });
  } finally {
    await client.endAsync();
  }
}
