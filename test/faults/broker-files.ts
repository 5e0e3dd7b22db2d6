import type { Mosquitto } from "../fake/mosquitto.ts";

/** How somebody reaches a broker: its address, and files where it wants a certificate. */
export interface BrokerFiles {
  url: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** Those of a user of a Mosquitto. */
export function brokerFiles(broker: Mosquitto, user: string): BrokerFiles {
  return { url: broker.url, caFile: broker.authority.caFile, ...broker.certificateOf(user) };
}
