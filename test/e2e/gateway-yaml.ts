import { stringify } from "yaml";
import type { Mosquitto } from "../fake/mosquitto.ts";

/** The YAML of a gateway that reads one P1 meter and publishes to a Mosquitto. */
export function gatewayYaml(options: {
  site: string;
  bus: object;
  broker: Mosquitto;
  controlKeys: readonly object[];
  more?: object;
}): string {
  const { certFile, keyFile } = options.broker.certificateOf(options.site);
  return stringify({
    version: 1,
    site: {
      name: "Birch Lane 3",
      timezone: "Europe/Amsterdam",
      currency: "EUR",
      slot_minutes: 5,
      grid: { phases: 3, fuse_a: 25, max_import_w: 17_250 },
    },
    buses: { p1: options.bus },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    aggregator: {
      id: "community",
      gateway_id: options.site,
      broker_url: options.broker.url,
      ca_file: options.broker.authority.caFile,
      cert_file: certFile,
      key_file: keyFile,
      control_keys: options.controlKeys,
    },
    consent: { share_interval_s: 10, share_appliance_detail: true },
    storage: { path: "state/data.db", commit_every_s: 1 },
    ...options.more,
  });
}
