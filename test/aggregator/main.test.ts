import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { errorCode } from "../../core/app-error.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { testBroker } from "../fake/test-broker.ts";
import { until } from "../fake/until.ts";

/** An aggregator whose broker does not answer: everything else runs. */
async function alone(listen = "127.0.0.1:0", url = "mqtt://127.0.0.1:9", more: object = {}) {
  const folder = scratch("aggregator");
  writeFileSync(join(folder, "control.json"), JSON.stringify((await createControlKey("control-1")).privateJwk));
  const prices = { v: 1, currency: "EUR", start: "2026-03-01T00:00:00Z", stepS: 3600, importPerKwh: ["1"], exportPerKwh: ["1"] };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url },
    control_key_file: "control.json",
    sites: { "gw-1": {} },
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen, open: true },
    ...more,
  });
  return startAggregator({
    config: aggregatorConfigFromYaml(yaml, folder),
    clock: realClock({ onError: () => undefined }),
    log: silentLog(),
    version: "0",
  });
}

it("stops in order while clients hold requests that they never finish", { timeout: 20_000 }, async () => {
  const aggregator = await alone();
  const { port } = new URL(aggregator.apiUrl);
  const closed = Array.from({ length: 20 }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect(Number(port), "127.0.0.1", () => socket.write("GET /v1/sites HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    socket.on("error", () => undefined).on("close", () => resolve());
    return promise;
  });
  expect((await fetch(`${aggregator.apiUrl}/v1/sites`)).status).toBe(200);
  const stopped = Promise.withResolvers<string>();
  void aggregator.stop().then(() => stopped.resolve("stopped"));
  const patience = setTimeout(() => stopped.resolve("hangs"), 5000);
  expect(await stopped.promise).toBe("stopped");
  clearTimeout(patience);
  await Promise.all(closed);
});

it("closes what it opened when its address is taken", async () => {
  const first = await alone();
  onTestFinished(() => first.stop());
  expect(await alone(`127.0.0.1:${new URL(first.apiUrl).port}`).catch(errorCode)).toBe("api-cannot-listen");
});

it("leaves its broker when it cannot be at the market that it is configured for", async () => {
  const open = new Set<Socket>();
  const broker = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
  }).listen(0, "127.0.0.1");
  await once(broker, "listening");
  onTestFinished(() => void broker.close());
  const { port } = broker.address() as AddressInfo;
  const files = { cert_file: "none.crt", key_file: "none.key", ca_file: "none.crt" };
  const market = {
    domain: "agr.example",
    tls: files,
    key_file: "none.json",
    operator: { domain: "dso.example", url: "https://127.0.0.1:9", public_key_file: "none.json" },
    points: { "ean.1": { feeder: "elm" } },
  };
  const feeders = { elm: { import_limit_w: 10_000, sites: ["gw-1"] } };
  expect(await alone("127.0.0.1:0", `mqtt://127.0.0.1:${port}`, { market, feeders }).catch(errorCode)).toBe(
    "uftp-tls-unreadable",
  );
  // Whatever began before this one is there before it.
  const fence = connect(port, "127.0.0.1");
  await until("nobody else is there", () => open.size === 1);
  fence.destroy();
});

it(
  "answers a home that says to be ready in a flood now and then, not each time, and the last time too",
  { timeout: 60_000 },
  async () => {
    const broker = await testBroker();
    const { client, heard } = await broker.listen("sma/1/community/gw-1/dn/price");
    const aggregator = await alone("127.0.0.1:0", broker.url);
    onTestFinished(() => aggregator.stop());
    await until("it announced at its start", () => heard.length > 0);
    const boot = "11111111-1111-4111-8111-111111111111";
    const state = JSON.stringify({ v: 1, state: "ready", boot });
    for (let at = 0; at < 1000; at++) void client.publishAsync("sma/1/community/gw-1/up/state", state, { qos: 1 });
    const before = heard.length;
    await until("it answers", () => heard.length > before);
    // A flood that is answered message by message goes on for seconds.
    let last = -1;
    await until(
      "it is quiet",
      async () => {
        const quiet = heard.length === last;
        last = heard.length;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return quiet;
      },
      40_000,
    );
    expect(heard.length - before).toBeLessThan(500);
    await client.publishAsync("sma/1/community/gw-1/up/state", state, { qos: 1 });
    await until("it is answered when it asks again", () => heard.length > last);
  },
);
