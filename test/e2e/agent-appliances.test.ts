import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { modbusSerialBus } from "../../drivers/bus/modbus-serial-bus.ts";
import { agentHouse } from "../fake/agent-house.ts";
import { homeBroker } from "../fake/home-broker.ts";
import { ocppChargePoint } from "../fake/ocpp-charge-point.ts";
import { peer } from "../fake/peer.ts";
import { pymodbusCharger } from "../fake/pymodbus-charger.ts";
import { pythonWithPymodbus, startPymodbus } from "../fake/pymodbus-slave.ts";
import { shellyGen2Mqtt, shellyInsides } from "../fake/shelly-device.ts";
import { until } from "../fake/until.ts";

const [python, mosquitto] = [pythonWithPymodbus(), peer("mosquitto")];
const clock = realClock({ onError: () => undefined });
const comfort = { energy_wh_per_day: 100, not_before: "06:00", ready_by: "05:59" };

/** A house with one appliance of each kind, each at a real peer. */
async function furnished() {
  const [chargerPort, ocppPort, broker] = [await freePort(), await freePort(), await homeBroker(mosquitto ?? "")];
  const slave = startPymodbus(python ?? "", { port: chargerPort }, { units: [pymodbusCharger("heidelberg_energy_control", 1)] });
  onTestFinished(() => slave.stop());
  const master = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: chargerPort });
  onTestFinished(() => master.close());
  const register = async (address: number): Promise<number> => (await master.readHoldingRegisters(1, address, 1)).readUInt16BE(0);
  await until("pymodbus answers", () =>
    register(261).then(
      () => true,
      () => false,
    ),
  );
  const shelly = shellyInsides(clock);
  await shellyGen2Mqtt(await broker.client(), "shellyplus1-cellar", shelly);
  const house = await agentHouse((yaml) => ({
    ...yaml,
    site: { ...yaml.site, grid: { ...gridOf(yaml.site), phases: 3, fuse_a: 63, max_import_w: 43_000 } },
    buses: {
      ...yaml.buses,
      wallbox: { type: "modbus_tcp", host: "127.0.0.1", port: chargerPort },
      home: { type: "mqtt", url: broker.url },
    },
    relays: {
      ...yaml.relays,
      heater: { driver: "shelly_mqtt", bus: "home", topic: "shellyplus1-cellar", on_boot: "open" },
      sg1: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 2, on_boot: "open" },
      sg2: { driver: "modbus_coil", bus: "lan", unit_id: 10, coil: 3, on_boot: "open" },
    },
    appliances: {
      heater: { type: "switched_load", relay: "heater", rated_power_w: 800, comfort },
      sg: { type: "heat_pump_sg_ready", relays: ["sg1", "sg2"], rated_power_w: 3000 },
      car: {
        type: "ev_charger",
        driver: "modbus_charger",
        bus: "wallbox",
        family: "heidelberg_energy_control",
        unit_id: 1,
        max_current_a: 16,
        phases: 3,
        comfort,
      },
      van: { type: "ev_charger", driver: "ocpp16", charge_point_id: "CP1", listen_port: ocppPort, phases: 1, comfort },
    },
  }));
  const point = ocppChargePoint({ url: `ws://127.0.0.1:${ocppPort}/ocpp/`, id: "CP1", clock: house.clock });
  return { house, register, shelly, point };
}
const gridOf = (site: object): object => ("grid" in site && typeof site.grid === "object" && site.grid !== null ? site.grid : {});

it.skipIf(!python || !mosquitto)(
  "drives a charger over Modbus, one by OCPP, a Shelly over MQTT and SG-Ready, and leaves them safe (pymodbus, mosquitto)",
  async () => {
    const { house, register, shelly, point } = await furnished();
    const agent = await house.start();
    await point.connect();
    await point.send("BootNotification", { chargePointVendor: "Acme", chargePointModel: "Wallbox 11" });
    await house.hear(agent, 100_000);
    const wanted = {
      heater: { mode: "on" },
      sg: { mode: "recommended" },
      car: { mode: "charge", factor: 0.5 },
      van: { mode: "charge", factor: 1 },
    };
    for (const [resource, setting] of Object.entries(wanted)) {
      const list = house.instructions(resource, setting);
      await house.down(`instr/${resource}`, await house.sign("instruction", list));
      await until(`${resource} acknowledges`, () => house.upward(`ack/${list.plan}`).length === 1);
      expect(JSON.parse(house.upward(`ack/${list.plan}`)[0] ?? "")).toMatchObject({ status: "ACCEPTED" });
    }
    const stands = (): Record<string, string> =>
      Object.fromEntries(agent.status().appliances.map(({ name, mode, powerW }) => [name, `${mode} ${powerW}`]));
    // 11 A on three phases; the van's phase carries its 16 A.
    const all = { heater: "on 800", sg: "recommended 3000", car: "charge 7590", van: "charge 3680" };
    await until("all follow", async () => {
      await house.clock.advance(10_000);
      await house.hear(agent, 100_001);
      return JSON.stringify(stands()) === JSON.stringify(all);
    });
    expect([await register(261), point.limit(), shelly.look().on]).toEqual([110, { limit: 16, unit: "A" }, true]);
    expect([house.board.coils.get(2), house.board.coils.get(3)]).toEqual([false, true]);
    // The devices' own timeouts run: the Shelly opens, the charger falls to its failsafe current, without anybody.
    expect(shelly.inside.untilMs).not.toBeNull();
    expect([await register(257), await register(262)]).toEqual([65_000, 60]);
    await agent.stop();
    expect([await register(261), shelly.look().on]).toEqual([60, false]);
    expect([house.board.coils.get(2), house.board.coils.get(3)]).toEqual([false, false]);
    expect(point.limit()).toEqual({ limit: 6, unit: "A" });
  },
);
