import { runHouse } from "../simulator/run-house.ts";
import { exitCode } from "./exit-code.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { wholeNumber } from "./whole-number.ts";

/** `smart-mla simulate house` */
export async function simulateHouse(
  options: {
    name: string;
    clock?: string;
    seed: string;
    panels: string;
    battery: string;
    p1Port: string;
    hanPort: string;
    modbusPort: string;
    every: string;
    state?: string;
  },
  say: (line: string) => void,
): Promise<number> {
  await runHouse({
    name: options.name,
    seed: wholeNumber("--seed", options.seed),
    panelsW: wholeNumber("--panels", options.panels, { most: 100_000 }),
    batteryWh: wholeNumber("--battery", options.battery, { most: 1_000_000 }),
    ...(options.clock && { clockUrl: options.clock }),
    p1Port: wholeNumber("--p1-port", options.p1Port, { most: 65_535 }),
    hanPort: wholeNumber("--han-port", options.hanPort, { most: 65_535 }),
    modbusPort: wholeNumber("--modbus-port", options.modbusPort, { most: 65_535 }),
    telegramEveryS: wholeNumber("--every", options.every, { least: 1, most: 3600 }),
    ...(options.state && { stateFile: options.state }),
    log: stderrLog(options.name),
    signal: stopRequest(),
    say,
  });
  return exitCode.good;
}
