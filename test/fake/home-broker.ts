import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { scratch } from "./scratch.ts";
import { until } from "./until.ts";

/** A real Mosquitto as it stands in a home: no certificates, everybody may come. */
export interface HomeBroker {
  url: string;
  client(): Promise<MqttClient>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param mosquitto its path, from peer() */
export async function homeBroker(mosquitto: string): Promise<HomeBroker> {
  const port = await freePort();
  const file = join(scratch("broker"), "mosquitto.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(mosquitto, ["-c", file], { stdio: "ignore" });
    await until(`mosquitto listens on ${port}`, () => listens(port));
  };
  const stop = async (): Promise<void> => {
    const stopping = child;
    if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return;
    const ended = new Promise((resolve) => stopping.once("exit", resolve));
    stopping.kill("SIGTERM");
    await ended;
  };
  onTestFinished(() => stop());
  await start();
  const url = `mqtt://127.0.0.1:${port}`;
  return {
    url,
    start,
    stop,
    async client() {
      const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 20 });
      client.on("error", () => undefined);
      onTestFinished(() => client.endAsync(true));
      return client;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
