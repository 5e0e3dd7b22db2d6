import { connectAsync, type MqttClient } from "mqtt";
import { onTestFinished } from "vitest";
import { runBroker } from "../../simulator/broker/run-broker.ts";
import { silentLog } from "./silent-log.ts";
import { until } from "./until.ts";

/** The embedded broker on a port of its own; everybody may do everything. */
export interface TestBroker {
  port: number;
  url: string;
  /** Ends it with all connections. */
  stop(): Promise<void>;
  /** Starts it again on the same port, with nothing remembered. */
  start(): Promise<void>;
  /** A client that keeps what it hears under a filter. */
  listen(filter: string): Promise<{ client: MqttClient; heard: { topic: string; text: string; retain: boolean }[] }>;
}

export async function testBroker(): Promise<TestBroker> {
  let port = 0;
  let stop: () => Promise<void> = () => Promise.resolve();
  const start = async (): Promise<void> => {
    const ending = new AbortController();
    let ready = false;
    const running = runBroker({
      port,
      log: silentLog(),
      signal: ending.signal,
      say: (line) => {
        ({ port } = JSON.parse(line) as { port: number });
        ready = true;
      },
    });
    stop = async () => {
      ending.abort();
      await running;
    };
    await until("the broker is ready", () => ready);
  };
  await start();
  onTestFinished(() => stop());
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    start,
    stop: () => stop(),
    async listen(filter) {
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 20 });
      onTestFinished(() => client.endAsync(true));
      client.on("error", () => undefined);
      const heard: { topic: string; text: string; retain: boolean }[] = [];
      client.on("message", (topic, payload, { retain }) => heard.push({ topic, text: payload.toString(), retain }));
      await client.subscribeAsync(filter, { qos: 1 });
      return { client, heard };
    },
  };
}
