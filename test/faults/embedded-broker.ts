import { runBroker } from "../../simulator/broker/run-broker.ts";
import { silentLog } from "../fake/silent-log.ts";

/** The embedded broker in this process. */
export async function embeddedBroker(): Promise<{ url: string; stop(): Promise<void> }> {
  const ending = new AbortController();
  const port = Promise.withResolvers<number>();
  const running = runBroker({
    port: 0,
    log: silentLog(),
    signal: ending.signal,
    say: (line) => port.resolve((JSON.parse(line) as { port: number }).port),
  });
  return {
    url: `mqtt://127.0.0.1:${await port.promise}`,
    async stop() {
      ending.abort();
      await running;
    },
  };
}
