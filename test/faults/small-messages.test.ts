import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { realClock } from "../../core/clock/real-clock.ts";
import { startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { aggregatorProcess } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery } from "./delivery.ts";
import { hurried } from "./hurried.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const site = "gw-1";
const item = { kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x" } as const;

it.skipIf(!mosquitto || !openssl)(
  "delivers through a broker that takes only small messages and does not say so (Mosquitto's message_size_limit)",
  { timeout: 60_000 },
  async () => {
    const folder = scratch("small-messages");
    const peers = { mosquitto: mosquitto ?? "", openssl: openssl ?? "" };
    const broker = await startMosquitto(peers, { more: ["message_size_limit 1500"] });
    onTestFinished(() => broker.stop());
    const aggregator = await aggregatorProcess({
      folder: join(folder, "aggregator"),
      broker: brokerFiles(broker, "aggregator"),
      sites: [site],
    });
    onTestFinished(() => aggregator.stop());
    await aggregator.start();
    const home = join(folder, "home");
    mkdirSync(home);
    const files = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: aggregator.publicJwk };
    const clock = hurried(realClock({ onError: () => undefined }));
    const delivery = await startDelivery(files, { clock, log: silentLog() });
    onTestFinished(() => delivery.stop());
    for (let row = 0; row < 300; row++) delivery.outbox.add(item);
    delivery.pump();
    await until("every row has its receipt", () => delivery.outbox.size() === 0, 30_000);
    // Small batches pass before the large ones that were refused.
    const numbers = aggregator.rows().map(({ seq }) => seq);
    expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    expect(broker.log().split("Client gw-1 ").length).toBeGreaterThan(3);
  },
);
