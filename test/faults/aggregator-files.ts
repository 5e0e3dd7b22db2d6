import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { createControlKey } from "../../core/envelope.ts";
import type { BrokerFiles } from "./broker-files.ts";

/** Id of the aggregator that takes part. */
export const aggregatorId = "community";

/** Writes an aggregator's configuration, its prices and its control key, of which it gives the public half. */
export async function aggregatorFiles(options: {
  folder: string;
  broker: BrokerFiles;
  sites: readonly string[];
  /** Section `storage`. */
  storage: object;
  /** Other sections. */
  more?: object;
}): Promise<{ configFile: string; publicJwk: object }> {
  const { folder, broker } = options;
  mkdirSync(folder, { recursive: true });
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const configFile = join(folder, "aggregator.yaml");
  const prices = {
    v: 1,
    currency: "EUR",
    start: "2026-01-01T00:00:00.000Z",
    stepS: 3600,
    importPerKwh: ["210000"],
    exportPerKwh: ["70000"],
  };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  writeFileSync(join(folder, "control-key.json"), JSON.stringify(privateJwk), { mode: 0o600 });
  const yaml = {
    version: 1,
    id: aggregatorId,
    broker: {
      url: broker.url,
      ...(broker.caFile && { ca_file: broker.caFile, cert_file: broker.certFile, key_file: broker.keyFile }),
    },
    control_key_file: "control-key.json",
    sites: Object.fromEntries(options.sites.map((site) => [site, {}])),
    prices_file: "prices.json",
    storage: options.storage,
    http: { listen: "127.0.0.1:0" },
    ...options.more,
  };
  writeFileSync(configFile, stringify(yaml));
  return { configFile, publicJwk };
}
