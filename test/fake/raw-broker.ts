import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** The remaining length of an MQTT packet. */
const lengthField = (bytes: number): number[] =>
  bytes < 128 ? [bytes] : [(bytes % 128) + 128, ...lengthField(Math.floor(bytes / 128))];
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};
const packet = (head: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([head, ...lengthField(body.length)]), body]);

/** Bytes of a PUBLISH in MQTT 5, without properties. */
export function publish5(topic: string, payload: Buffer, { qos, id }: { qos: 0 | 1 | 2; id: number }): Buffer {
  const numbered = qos === 0 ? Buffer.alloc(0) : Buffer.from([id >> 8, id & 0xff]);
  return packet(0x30 | (qos << 1), Buffer.concat([text(topic), numbered, Buffer.from([0]), payload]));
}

/** A broker of MQTT 5 made of bytes, which says what no honest one would. */
export interface RawBroker {
  url: string;
  /** Connections so far. */
  connections(): number;
  /** Packets of all connections in order: the first byte, and the rest after the length. */
  packets: { head: number; body: Buffer }[];
  write(bytes: Buffer): void;
  /** Ends all connections. */
  hangUp(): void;
}

/**
 * @param options.mostBytes the largest packet that it announces to take; a larger one ends the connection, as with Mosquitto
 * @param options.onSubscribed what it says right after each subscription
 * @param options.ignoresSubscription true: the one of this number, counted from 1, has no answer; the connection may be ended
 * @param options.confirms whether it confirms a message with this topic
 */
export async function rawBroker(
  options: {
    mostBytes?: number;
    onSubscribed?: (socket: Socket) => void;
    ignoresSubscription?: (number: number, socket: Socket) => boolean;
    confirms?: (topic: string) => boolean;
  } = {},
): Promise<RawBroker> {
  const packets: RawBroker["packets"] = [];
  const sockets: Socket[] = [];
  let subscriptions = 0;
  const properties = options.mostBytes === undefined ? [] : [0x27, ...uint32(options.mostBytes)];
  const server = createServer((socket) => {
    sockets.push(socket);
    let rest = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let next = first(rest); next; next = first(rest)) {
        const { head, body, bytes: size } = next;
        rest = rest.subarray(size);
        packets.push({ head, body });
        if (options.mostBytes !== undefined && size > options.mostBytes) {
          // DISCONNECT: packet too large.
          socket.end(packet(0xe0, Buffer.from([0x95, 0])));
          return;
        }
        const kind = head >> 4;
        if (kind === 1) socket.write(packet(0x20, Buffer.from([0, 0, properties.length, ...properties])));
        if (kind === 8 && options.ignoresSubscription?.(++subscriptions, socket) !== true) {
          socket.write(packet(0x90, Buffer.concat([body.subarray(0, 2), Buffer.from([0, 1])])));
          options.onSubscribed?.(socket);
        }
        if (kind === 12) socket.write(Buffer.from([0xd0, 0]));
        if (kind === 3 && (head & 0x06) === 2) {
          const at = 2 + body.readUInt16BE(0);
          const topic = body.subarray(2, at).toString();
          if (options.confirms?.(topic) === false) continue;
          socket.write(packet(0x40, body.subarray(at, at + 2)));
        }
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.length,
    packets,
    write: (bytes) => void sockets.at(-1)?.write(bytes),
    hangUp: () => sockets.forEach((socket) => socket.destroy()),
  };
}

const uint32 = (value: number): number[] => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];

function first(bytes: Buffer): { head: number; body: Buffer; bytes: number } | undefined {
  let length = 0;
  for (let at = 1; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte >= 0x80) continue;
    const end = at + 1 + length;
    return bytes.length < end ? undefined : { head: bytes[0] ?? 0, body: bytes.subarray(at + 1, end), bytes: end };
  }
  return undefined;
}
