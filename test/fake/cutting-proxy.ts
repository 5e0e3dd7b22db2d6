import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A way to a broker that is cut when a packet is too large, as brokers do that speak 3.1.1. */
export async function cuttingProxy(port: number, mostBytes: number): Promise<{ port: number; cuts: () => number }> {
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    const close = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", close).on("close", close);
    far.pipe(near);
    let left = 0;
    near.on("data", (bytes: Buffer) => {
      for (let at = 0; at < bytes.length;) {
        if (left === 0) {
          // Its kind, and a length in pieces of seven bits.
          let place = 0;
          for (let more = true; more; place++) {
            const byte = bytes[at + 1 + place] ?? 0;
            left += (byte & 0x7f) * 128 ** place;
            more = byte >= 0x80;
          }
          at += 1 + place;
          if (left > mostBytes) {
            cuts++;
            return close();
          }
        }
        const run = Math.min(left, bytes.length - at);
        left -= run;
        at += run;
      }
      far.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, cuts: () => cuts };
}
