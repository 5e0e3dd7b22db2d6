import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { BrokerConnection } from "../../core/broker-connection.ts";
import { cutLargePackets } from "./cut-large-packets.ts";

/**
 * A connection to a broker, of which whoever pipes it reads no packet longer than a limit.
 * @param mostBytes of a packet
 */
export function brokerStream({ protocol, host, port, minVersion, ca, cert, key }: BrokerConnection, mostBytes: number): Socket {
  const socket =
    protocol === "mqtts"
      ? connectTls({
          host,
          port,
          minVersion,
          ...(ca && { ca }),
          ...(cert && { cert }),
          ...(key && { key }),
          ...(isIP(host) === 0 && { servername: host }),
        })
      : connectTcp({ host, port });
  const pipe = socket.pipe.bind(socket);
  socket.pipe = (reader) => pipe(cutLargePackets(mostBytes)).pipe(reader);
  return socket;
}
