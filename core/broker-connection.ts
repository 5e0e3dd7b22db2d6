import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "./app-error.ts";

/** Where a broker is, and the files that open it. */
export interface BrokerAccess {
  /** mqtt:// or mqtts://; the port is 1883 or 8883 where it is left out. */
  url: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  username?: string;
  passwordFile?: string;
}

/** What an MQTT client takes of it; the name of a file is replaced by what it holds. */
export interface BrokerConnection {
  protocol: "mqtt" | "mqtts";
  host: string;
  port: number;
  /** A broker that refuses today may be one that starts just now: mqtt.js gives up for good without this. */
  reconnectOnConnackError: true;
  /** Handed on to node:tls: older versions are refused. */
  minVersion: "TLSv1.3";
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  username?: string;
  password?: string;
}

/**
 * Takes the address apart and reads the files.
 * @param section of the configuration, for messages
 * @throws AppError mqtt-file-unreadable
 */
export function brokerConnection(access: BrokerAccess, section: string): BrokerConnection {
  const { protocol, hostname, port } = new URL(access.url);
  const secure = protocol === "mqtts:";
  const read = (file: string | undefined): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new AppError("mqtt-file-unreadable", `${file} (${section} section) cannot be read: ${errorMessage(cause)}`, {
        cause,
      });
    }
  };
  const [ca, cert, key, password] = [access.caFile, access.certFile, access.keyFile, access.passwordFile].map(read);
  return {
    protocol: secure ? "mqtts" : "mqtt",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port ? Number(port) : secure ? 8883 : 1883,
    reconnectOnConnackError: true,
    minVersion: "TLSv1.3",
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(access.username && { username: access.username }),
    ...(password && { password: password.toString("utf8").trim() }),
  };
}
