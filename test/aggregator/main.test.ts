import { writeFileSync } from "node:fs";
import { connect } from "node:net";
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

/** An aggregator whose broker does not answer: everything else runs. */
async function alone(listen = "127.0.0.1:0") {
  const folder = scratch("aggregator");
  writeFileSync(join(folder, "control.json"), JSON.stringify((await createControlKey("control-1")).privateJwk));
  const prices = { v: 1, currency: "EUR", start: "2026-03-01T00:00:00Z", stepS: 3600, importPerKwh: ["1"], exportPerKwh: ["1"] };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: "mqtt://127.0.0.1:9" },
    control_key_file: "control.json",
    sites: { "gw-1": {} },
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen },
  });
  return startAggregator({
    config: aggregatorConfigFromYaml(yaml, folder),
    clock: realClock({ onError: () => undefined }),
    log: silentLog(),
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
