import type { MqttClient } from "mqtt";
import { createControlKey, importControlKey, signEnvelope } from "../../core/envelope.ts";
import { type MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import { SiteState } from "../../core/message/resource.ts";
import { parseTopic, topic } from "../../core/topic.ts";
import type { Mosquitto } from "../fake/mosquitto.ts";

/** What stands for the aggregator: it hears all homes of "community" and receipts every row, signed with its control key. */
export interface AggregatorDouble {
  publicJwk: object;
  items: MeasurementItem[];
  states: SiteState["state"][];
  stop(): Promise<void>;
}

/** @param now instant in ms by the clock of the gateway under test */
export async function aggregatorDouble(broker: Mosquitto, now: () => number): Promise<AggregatorDouble> {
  const { privateJwk, publicJwk } = await createControlKey("control-double");
  const key = await importControlKey(privateJwk);
  const client: MqttClient = await broker.clientOf("aggregator", { clientId: "aggregator-double" });
  const items: MeasurementItem[] = [];
  const states: SiteState["state"][] = [];
  let seq = 0;
  client.on("message", (name, payload) => {
    const place = parseTopic(name);
    const body: unknown = JSON.parse(payload.toString());
    if (place?.rest === "state") states.push(SiteState.parse(body).state);
    if (place?.rest !== "meter") return;
    const message = Measurements.parse(body);
    items.push(...message.items);
    const receipt = { boot: message.boot, seq: message.items.at(-1)?.seq ?? 0 };
    void signEnvelope(key, { type: "receipt", site: place.site, seq: ++seq, nowMs: now(), lifetimeS: 3600, body: receipt }).then(
      (text) => client.publishAsync(topic("community", place.site, "dn", "receipt"), text, { qos: 1 }),
    );
  });
  await client.subscribeAsync("sma/1/community/+/up/#", { qos: 1 });
  return { publicJwk, items, states, stop: () => client.endAsync(true) };
}
