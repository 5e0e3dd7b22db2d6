import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../cli/free-port.ts";

/** A real Mosquitto on loopback, without TLS and access list, that queues whatever comes. */
export interface BenchBroker {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** @param program path of mosquitto */
export async function benchBroker(program: string): Promise<BenchBroker> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bench-broker-"));
  const port = await freePort();
  const config = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence false",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "log_type error",
  ];
  writeFileSync(join(folder, "mosquitto.conf"), `${config.join("\n")}\n`, { mode: 0o644 });
  const child = spawn(program, ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore", cwd: "/" });
  const ended = once(child, "exit");
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 500) throw new Error("mosquitto does not listen");
    await delay(10);
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
