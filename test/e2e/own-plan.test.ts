import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { pythonWithPymodbus, startPymodbus } from "../fake/pymodbus-slave.ts";
import { sunspecInverter } from "../fake/sunspec-inverter.ts";
import { until } from "../fake/until.ts";
import { cliOf } from "../cli/house-config.ts";

const python = pythonWithPymodbus();
const minuteMs = 60_000;
/** Words of model 124, from its id. */
const [storCtlMod, outWRte] = [5, 12];

/** A house with a tank of 55 °C and a battery at 62.5 %; power is cheap from 12:15 to 12:45 only. It is 12:00. */
async function priced() {
  const port = await freePort();
  const inverter = sunspecInverter();
  const tank = { unit: 9, holding: { 0: 550 } };
  const slave = startPymodbus(
    python ?? "",
    { port },
    { units: [{ unit: 1, holding: Object.fromEntries(inverter.holding) }, tank] },
  );
  onTestFinished(() => slave.stop());
  const master = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port });
  onTestFinished(() => master.close());
  const word = async (unit: number, address: number): Promise<number> =>
    (await master.readHoldingRegisters(unit, address, 1)).readInt16BE(0);
  await until("pymodbus answers", () =>
    word(9, 0).then(
      () => true,
      () => false,
    ),
  );
  const house = await agentHouse(({ appliances: { boiler, pump: _, ...appliances }, ...yaml }) => ({
    ...yaml,
    buses: { ...yaml.buses, store: { type: "modbus_tcp", host: "127.0.0.1", port } },
    relays: { r1: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 0, on_boot: "open" } },
    sensors: { top: { driver: "modbus_register", bus: "store", unit_id: 9, register: "holding", address: 0 } },
    appliances: {
      ...appliances,
      boiler: {
        ...boiler,
        kind: "water_heater",
        sensor: "top",
        tank: { litres: 200 },
        comfort: { energy_wh_per_day: 4000, not_before: "20:00", ready_by: "06:30", min_c: 45, max_c: 70, hysteresis_c: 2 },
      },
      battery: {
        type: "battery",
        driver: "sunspec_battery",
        bus: "store",
        unit_id: 1,
        capacity_wh: 8000,
        max_charge_w: 2500,
        max_discharge_w: 2500,
      },
    },
    prices: {
      provider: {
        name: "static",
        prices: [{ price: 0.05, from: "12:15", to: "12:45" }, { price: 0.5 }],
      },
    },
  }));
  return { house, master, word, control: inverter.at(124) };
}

it.skipIf(!python)(
  "plans by itself where no aggregator is heard: tank and battery take what is cheap, and the tank's warmth bears the rest (pymodbus)",
  async () => {
    const { house, word, control } = await priced();
    const agent = await house.start();
    let importWh = 100_000;
    /** Minute by minute, with a telegram each. */
    const pass = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute++) {
        await house.hear(agent, (importWh += 10));
        await house.clock.advance(minuteMs / 2);
        await house.hear(agent, importWh);
        await house.clock.advance(minuteMs / 2);
      }
    };
    const stands = (name: string) => agent.status().appliances.find((one) => one.name === name);
    const isCharging = (): boolean => (stands("battery")?.powerW ?? 0) > 0;
    await pass(10);
    expect([house.board.coils.get(0), stands("boiler")?.mode]).toEqual([false, "off"]);
    expect(isCharging()).toBe(false);
    await pass(5);
    await until("boiler and battery take power", async () => {
      await pass(1);
      return house.board.coils.get(0) === true && isCharging();
    });
    expect(new Date(house.clock.now()).toISOString().slice(11, 16) <= "10:20").toBe(true);
    expect([stands("boiler")?.reason, stands("battery")?.reason]).toEqual([
      expect.stringMatching(/^own plan: /),
      expect.stringMatching(/^own plan: /),
    ]);
    const shown = (await cliOf(house).ask("schedule", "show")).out;
    expect(shown).toContain("own plan: ");
    expect(shown).not.toContain("own plan: own plan");
    // In the inverter: limits of both directions in force, and the least it discharges with is negative.
    expect(await word(1, control + storCtlMod)).toBe(0b11);
    expect(await word(1, control + outWRte)).toBeLessThan(0);
    await pass(30);
    expect([house.board.coils.get(0), stands("boiler")?.mode]).toEqual([false, "off"]);
    expect(isCharging()).toBe(false);
    await agent.stop();
  },
  60_000,
);
