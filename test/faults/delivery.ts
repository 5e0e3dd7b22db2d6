import { join } from "node:path";
import type { AggregatorLink } from "../../agent/config/agent-config.ts";
import { openStore, type OpenedStore } from "../../agent/open-store.ts";
import { openInbox } from "../../agent/publish/inbox.ts";
import { startMqttLink, type MqttLink } from "../../agent/publish/mqtt-link.ts";
import { startUploader } from "../../agent/publish/uploader.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { importControlKey } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import { type Measurements, Receipt } from "../../core/message/measurements.ts";
import { parseAs } from "../../core/parse-as.ts";
import { rejections } from "../../core/rejections.ts";
import { aggregatorId } from "./aggregator-files.ts";
import type { BrokerFiles } from "./broker-files.ts";

const keepMs = 3650 * 86_400_000;

/** The agent's store and its way to the aggregator, without meters and appliances. */
export interface Delivery extends OpenedStore {
  /** Sends what was added. */
  pump(): void;
  connected(): boolean;
  /** Rows that the broker has confirmed, each as often as it was sent. */
  confirmed(): number;
  stop(): Promise<void>;
}

/** How a home reaches its aggregator and believes it; plain data. */
export interface DeliveryFiles {
  folder: string;
  site: string;
  broker: BrokerFiles;
  publicJwk: object;
}

/** Wires outbox, uploader, inbox and link as the agent does. */
export async function startDelivery(files: DeliveryFiles, options: { clock: Clock; log: Log }): Promise<Delivery> {
  const { clock, log } = options;
  const ending = new AbortController();
  const keep = { rawMs: keepMs, minuteMs: keepMs, quarterMs: keepMs };
  const store = openStore({
    config: { databaseFile: join(files.folder, "data.db"), keep },
    clock,
    log,
    failed: (error) => log.error({ code: error.code }, "store failed"),
    signal: ending.signal,
  });
  const key = await importControlKey(files.publicJwk);
  let link: MqttLink | null = null;
  let confirmed = 0;
  const online = (): MqttLink => {
    if (!link) throw new AppError("mqtt-offline", "the link is not open yet", { temporary: true });
    return counting(link);
  };
  const counting = (counted: MqttLink): MqttLink => ({
    ...counted,
    async publish(rest, message, how) {
      await counted.publish(rest, message, how);
      confirmed += (message as Measurements).items.length;
    },
  });
  const uploader = startUploader({
    outbox: store.outbox,
    link: online,
    sharing: () => ({ intervalMs: 10_000, applianceDetail: true, trades: false }),
    gridMeter: "grid",
    clock,
    log,
    signal: ending.signal,
  });
  const inbox = openInbox({
    keys: new Map([[key.kid, key.key]]),
    site: files.site,
    clock,
    store: controlStore(store.db),
    rejections: rejections(log, () => clock.monotonicMs()),
    handlers: {
      heartbeat: () => undefined,
      price: () => undefined,
      receipt: (body) => uploader.receipt(parseAs(Receipt, body, "receipt-malformed")),
    },
  });
  const { url: brokerUrl, ...certificate } = files.broker;
  link = startMqttLink({
    link: { id: aggregatorId, gatewayId: files.site, brokerUrl, ...certificate, controlKeys: [] } satisfies AggregatorLink,
    boot: store.outbox.boot,
    log,
    random: Math.random,
    onConnect: uploader.restart,
    onArrival: (arrival) => inbox.take(arrival),
    onTooLarge: () => undefined,
  });
  return {
    ...store,
    pump: uploader.pump,
    connected: link.connected,
    confirmed: () => confirmed,
    async stop() {
      ending.abort();
      await link.stop();
      store.close();
    },
  };
}
