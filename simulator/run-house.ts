import { aborted } from "../core/aborted.ts";
import { simulatedClock } from "../core/clock/simulated-clock.ts";
import { realClock } from "../core/clock/real-clock.ts";
import { iso } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { HouseLine } from "./house-line.ts";
import { loadHouse, saveHouse } from "./house/house-file.ts";
import { house as houseOf } from "./house/house.ts";
import { shownWh } from "./house/energy-counters.ts";
import { houseHan } from "./meter/house-han.ts";
import { houseTelegram } from "./meter/house-telegram.ts";
import { startP1Server } from "./meter/p1-server.ts";
import { startModbusHouse } from "./modbus/modbus-house.ts";

/**
 * One simulated house until the signal aborts: physics in simulated time, a P1 port, a HAN port and a Modbus TCP port on loopback.
 * Says one JSON object a line: {"kind":"ready","name","p1Port","hanPort","modbusPort"} once the ports are open, then a HouseLine at
 * each full hour and after each deadline.
 * With a state file the house goes on after a restart, contacts included, and its counters never fall behind a telegram
 * that was sent, even after kill -9.
 */
export async function runHouse(options: {
  name: string;
  seed: number;
  /** Peak power of a new house's panels; 4 kW where nobody says it. */
  panelsW?: number;
  /** Capacity of a new house's battery; none where nobody says it. */
  batteryWh?: number;
  /** Without it time is real. */
  clockUrl?: string;
  p1Port?: number;
  hanPort?: number;
  modbusPort?: number;
  telegramEveryS?: number;
  stateFile?: string;
  log: Log;
  signal: AbortSignal;
  say: (line: string) => void;
}): Promise<void> {
  const { name, seed, stateFile, log, signal, say } = options;
  const everyMs = (options.telegramEveryS ?? 10) * 1000;
  const onError = (error: unknown): void => log.error({ house: name, error: String(error) }, "simulated house failed");
  const { clockUrl } = options;
  const clock = clockUrl === undefined ? realClock({ onError }) : await simulatedClock({ clockUrl, name, onError, signal });
  if (signal.aborted) return;
  const house = houseOf(
    loadHouse(stateFile, {
      seed,
      startMs: clock.now(),
      ...(options.panelsW !== undefined && { panelsW: options.panelsW }),
      ...(options.batteryWh !== undefined && { batteryWh: options.batteryWh }),
    }),
  );
  let deadlinePassed = false;
  const catchUp = (): void => {
    if (house.runTo(Math.floor(clock.now() / 1000))) deadlinePassed = true;
  };
  const save = (): void => {
    if (stateFile !== undefined) saveHouse(stateFile, house.state);
  };
  catchUp();
  save();
  let savedMinute = Math.floor(house.state.atS / 60);
  await using stack = new AsyncDisposableStack();
  const p1 = await startP1Server(options.p1Port ?? 0);
  stack.defer(() => p1.close());
  const han = await startP1Server(options.hanPort ?? 0);
  stack.defer(() => han.close());
  const modbus = await startModbusHouse({ house, port: options.modbusPort ?? 0, catchUp, switched: save });
  stack.defer(() => modbus.close());
  stack.defer(save);

  const report = (): void => {
    const { state } = house;
    const line: HouseLine = {
      kind: "house",
      name,
      at: iso(state.atS * 1000),
      importWh: shownWh(state.grid.importJ[0]) + shownWh(state.grid.importJ[1]),
      exportWh: shownWh(state.grid.exportJ[0]) + shownWh(state.grid.exportJ[1]),
      tankC: Math.round(state.tank.temperatureC * 10) / 10,
      roomC: Math.round(state.room.temperatureC * 10) / 10,
      evWh: Math.floor(state.car.chargedJ / 3600),
      powerW: house.power(),
      relays: state.closed,
      writes: modbus.writes(),
      constraints: house.constraints(),
    };
    say(JSON.stringify(line));
  };
  let hour = Math.floor(clock.now() / 3_600_000);
  const telegram = (): void => {
    catchUp();
    // Between two switchings the house is determined, so what is on file of the last minute, and of each switching, gives
    // at least the counters that any telegram has shown: a restart runs from there to the present.
    const minute = Math.floor(house.state.atS / 60);
    if (minute !== savedMinute) save();
    savedMinute = minute;
    const number = String(seed).padStart(6, "0");
    p1.send(houseTelegram(house, number));
    if (han.clients() > 0) han.send(houseHan(house, number));
    const nowHour = Math.floor(clock.now() / 3_600_000);
    if (deadlinePassed || nowHour !== hour) report();
    deadlinePassed = false;
    hour = nowHour;
  };
  // Meters send on round times.
  const firstMs = everyMs - (clock.now() % everyMs);
  clock.after(
    firstMs,
    () => {
      clock.every(everyMs, telegram, signal);
      telegram();
    },
    signal,
  );
  say(JSON.stringify({ kind: "ready", name, p1Port: p1.port, hanPort: han.port, modbusPort: modbus.port }));
  await aborted(signal);
}
