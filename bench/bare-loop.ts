import modbusSerial from "modbus-serial";
import { setTimeout as delay } from "node:timers/promises";
import { monotonicMs, unit } from "./boards.ts";
import { commanded, type Commanded, type CommanderTask } from "./commander.ts";

/** The bare loop that bench/control.ts compares with: the library modbus-serial alone, each write read back. */

const { line, coils, pauseMs } = JSON.parse(process.argv[2] ?? "") as CommanderTask;
const client = new modbusSerial.default();
if (line.kind === "serial") await client.connectRTUBuffered(line.path, { baudRate: line.settings.baud });
else await client.connectTCP(line.host, { port: line.port });
client.setID(unit);

const set = async (coil: number, on: boolean): Promise<void> => {
  await client.writeCoil(coil, on);
  const { data } = await client.readCoils(coil, 1);
  if (data[0] !== on) throw new Error(`coil ${coil} reads ${data[0]}`);
};

commanded(
  async () => {
    const all: Commanded[] = [];
    for (let coil = 0; coil < coils; coil++) await set(coil, true);
    for (let coil = 0; coil < coils; coil++) {
      await delay(pauseMs);
      const startMs = monotonicMs();
      await set(coil, false);
      all.push({ coil, startMs, decidedMs: startMs, doneMs: monotonicMs() });
    }
    return all;
  },
  () => client.close(() => undefined),
);
