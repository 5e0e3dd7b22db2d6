import { join } from "node:path";
import { onTestFinished } from "vitest";
import { localTimeOf } from "../../core/slots.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { dsmr5Lines, telegram } from "../fake/p1-telegram.ts";
import { relayBoard } from "../fake/relay-board.ts";
import { runCli, startCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml, threeRelays, writeGateway } from "./gateway-files.ts";

const localTimeIn = (hours: number): string => localTimeOf(Date.now() + hours * 3_600_000, "Europe/Amsterdam");

/** An agent to be started as a process of its own, with a boiler on a real relay board (coil 3) and a meter that speaks. */
export async function gatewayProcess() {
  const folder = scratch("gateway");
  const board = await relayBoard();
  const p1 = await startP1Server(0);
  onTestFinished(() => p1.close());
  const config = writeGateway(folder, {
    ...threeRelays,
    buses: {
      ...(gatewayYaml() as { buses: object }).buses,
      p1: { type: "tcp", host: "127.0.0.1", port: p1.port },
      board: { type: "modbus_tcp", host: "127.0.0.1", port: board.port },
    },
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "boiler",
        rated_power_w: 2000,
        min_on_s: 0,
        min_off_s: 0,
        // A process of its own goes by the clock on the wall: the deadline is far off at any hour of the day.
        comfort: { energy_wh_per_day: 6000, not_before: localTimeIn(11), ready_by: localTimeIn(20) },
      },
    },
  });
  const speak = setInterval(() => p1.send(telegram(dsmr5Lines)), 200);
  onTestFinished(() => clearInterval(speak));
  const start = () => {
    const running = startCli(["agent", "run", "-c", config]);
    onTestFinished(() => void running.child.kill("SIGKILL"));
    return running;
  };
  const ask = (...args: string[]) => runCli([...args, "-c", config]);
  const ready = (running: ReturnType<typeof start>): Promise<void> =>
    until("the agent is up", () => running.lines.some((line) => line.includes("ready")), 20_000);
  return { board, start, ready, ask, state: join(folder, "state") };
}
