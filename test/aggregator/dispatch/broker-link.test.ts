import { once } from "node:events";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { startBrokerLink } from "../../../aggregator/dispatch/broker-link.ts";
import { freePort } from "../../../cli/free-port.ts";
import { rawBroker } from "../../fake/raw-broker.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";

it("says once in an outage why the broker is not reached", async () => {
  const log = silentLog();
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  let tries = 0;
  const link = startBrokerLink({
    id: "community",
    broker: { url },
    log: { ...log, debug: (_fields, message) => void (tries += message === "broker connection failed" ? 1 : 0) },
    filters: [],
    clientId: "aggregator-community",
    keep: true,
    random: () => 0,
    onConnect: () => undefined,
    onMessage: () => true,
  });
  onTestFinished(() => link.stop());
  await until("it was tried again", () => tries > 0);
  const said = log.lines.filter(({ message }) => message === "broker connection failed");
  expect(said).toMatchObject([{ level: "warn", fields: { broker: url, error: expect.stringContaining("ECONNREFUSED") } }]);
});

/** The link of one of several workers, which speaks MQTT 5. */
function linkTo(url: string) {
  const log = silentLog();
  let subscribed = 0;
  const link = startBrokerLink({
    id: "community",
    broker: { url },
    log,
    filters: ["sma/1/community/+/up/meter"],
    clientId: "aggregator-community-1",
    keep: false,
    random: () => 0,
    onConnect: () => void subscribed++,
    onMessage: () => true,
  });
  onTestFinished(() => link.stop());
  return { link, log, subscribed: () => subscribed };
}

const arrived = ({ packets }: Awaited<ReturnType<typeof rawBroker>>, kind: number): number =>
  packets.filter(({ head }) => head >> 4 === kind).length;
const refusals = (log: ReturnType<typeof silentLog>) =>
  log.lines.filter(({ message }) => message.startsWith("broker refused the subscription"));

it("a connection that goes before its subscription is answered loses no message that is on its way", async () => {
  let isBack = false;
  const broker = await rawBroker({ ignoresSubscription: (number) => number === 1, confirms: () => isBack });
  const { link, log, subscribed } = linkTo(broker.url);
  await until("it has asked for a subscription", () => arrived(broker, 8) === 1);
  const sent = link.publish("sma/1/community/gw-1/dn/state", "{}", false);
  await until("the message is there", () => arrived(broker, 3) === 1);
  isBack = true;
  broker.hangUp();
  await until("it is subscribed", () => subscribed() === 1);
  await sent;
  expect([arrived(broker, 3), broker.connections()]).toEqual([2, 2]);
  expect(refusals(log)).toEqual([]);
});

it("stays away after a stop that comes before its subscription is answered", async () => {
  const broker = await rawBroker({ ignoresSubscription: () => true });
  const { link, log } = linkTo(broker.url);
  await until("it has asked for a subscription", () => arrived(broker, 8) === 1);
  await link.stop();
  const fence = connect(Number(new URL(broker.url).port), "127.0.0.1");
  await once(fence, "connect");
  fence.destroy();
  expect(refusals(log)).toEqual([]);
  expect([link.connected(), broker.connections()]).toEqual([false, 2]);
});
