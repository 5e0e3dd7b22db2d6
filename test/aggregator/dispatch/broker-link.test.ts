import { expect, it, onTestFinished } from "vitest";
import { startBrokerLink } from "../../../aggregator/dispatch/broker-link.ts";
import { freePort } from "../../../cli/free-port.ts";
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
