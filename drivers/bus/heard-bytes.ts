import type { EventEmitter } from "node:events";

/** More than the longest answer (260 bytes), so that what came before it is seen too. */
const mostBytes = 512;

/** What came on a line since the last question. */
export interface HeardBytes {
  /** A new question begins. */
  forget(): void;
  /** At most the first 512 bytes. */
  bytes(): Uint8Array;
}

/**
 * Listens to the bytes below a client of modbus-serial. The library gives up damaged answers without showing them, and
 * its debug mode knows whole answers only; so this reads its stream, which is not documented. Without one nothing is heard.
 */
export function hearBytes(client: object): HeardBytes {
  let heard: Buffer = Buffer.alloc(0);
  const { _port: port } = client as { _port?: { _client?: EventEmitter } };
  port?._client?.on("data", (chunk: Buffer) => {
    if (heard.length < mostBytes) heard = Buffer.concat([heard, chunk.subarray(0, mostBytes - heard.length)]);
  });
  return {
    forget: () => void (heard = Buffer.alloc(0)),
    bytes: () => heard,
  };
}
