import mqtt from "mqtt";
import { homeLine } from "../../aggregator/homes.ts";
import { startBrokerLink } from "../../aggregator/dispatch/broker-link.ts";
import { intake } from "../../aggregator/intake/intake.ts";
import { wholeShare } from "../../aggregator/share/share.ts";
import type { DatabasePlace } from "../../aggregator/store/database-place.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey, importControlKey } from "../../core/envelope.ts";
import { rejections } from "../../core/rejections.ts";
import { topicFilter } from "../../core/topic.ts";
import { deafIntake } from "../../test/fake/deaf-intake.ts";
import { silentLog } from "../../test/fake/silent-log.ts";
import { benchAggregator, benchSites, type Shape } from "./intake-load.ts";

/** What a reader is told; the messages wait at the broker for its session. */
export interface Reading {
  url: string;
  clientId: string;
  /** Messages that wait. */
  count: number;
  shape: Shape;
  /** Where the aggregator's intake writes; left out for a bare mqtt.js. */
  place?: DatabasePlace;
}

/** What a bare mqtt.js did. */
export interface BareRead {
  /** Messages a second. */
  rate: number;
}

/** What the intake did. */
export interface IntakeRead extends BareRead {
  receipts: number;
  /** Processor time of the process for one message, ms. */
  cpuMs: number;
  missing: number;
  refused: number;
}

const filter = topicFilter(benchAggregator, "+", "up");

/** Messages a second that a bare mqtt.js takes from a queue at the broker. */
async function rawRate({ url, clientId, count }: Reading): Promise<BareRead> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let heard = 0;
  let beganMs = 0;
  const reader = mqtt.connect(url, { protocolVersion: 4, clientId, clean: false, manualConnect: true });
  reader.handleMessage = (_packet, done) => {
    if (heard++ === 0) beganMs = performance.now();
    done();
    if (heard === count) resolve(count / ((performance.now() - beganMs) / 1000));
  };
  reader.connect();
  const rate = await promise;
  await reader.endAsync();
  return { rate };
}

/** Messages a second through the aggregator's own link, intake and store, until each home has its last receipt. */
async function intakeRate({ url, clientId, count, shape, place }: Reading): Promise<IntakeRead> {
  if (!place) throw new Error("intake needs a database");
  const store = await openStore(place);
  const clock = realClock({ onError: (error) => console.error(error) });
  const log = silentLog();
  const { privateJwk } = await createControlKey("control-1");
  const line = homeLine({
    aggregator: benchAggregator,
    key: await importControlKey(privateJwk),
    store,
    share: wholeShare,
    clock,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const rows = shape.messagesEach * shape.rowsEach;
  let [receipts, whole, beganMs] = [0, 0, 0];
  const refused = rejections(log, () => clock.monotonicMs());
  const inbound = intake({
    aggregator: benchAggregator,
    sites: new Set(benchSites(shape.homes)),
    store,
    async send(...message) {
      await line.send(...message);
      receipts++;
      if ((message[3] as { seq: number }).seq === rows && ++whole === shape.homes) resolve();
    },
    clock,
    log,
    rejections: refused,
    ...deafIntake,
  });
  const cpu = process.cpuUsage();
  line.open(
    startBrokerLink({
      id: benchAggregator,
      broker: { url },
      filters: [filter],
      clientId,
      keep: true,
      log,
      random: Math.random,
      onConnect: () => undefined,
      onMessage(message) {
        if (beganMs === 0) beganMs = performance.now();
        void inbound.take(message);
        return inbound.room() ?? true;
      },
    }),
  );
  await promise;
  const rate = count / ((performance.now() - beganMs) / 1000);
  const { user, system } = process.cpuUsage(cpu);
  await line.link().stop();
  const kept = await store.itemCounts();
  await store.close();
  return {
    rate,
    receipts,
    cpuMs: (user + system) / 1000 / count,
    missing: shape.homes * rows - kept.reduce((sum, one) => sum + one.rows, 0),
    refused: Object.values(refused.counts()).reduce((sum, one) => sum + one, 0),
  };
}

const reading = JSON.parse(process.argv[2] ?? "") as Reading;
process.stdout.write(JSON.stringify(await (reading.place ? intakeRate(reading) : rawRate(reading))));
