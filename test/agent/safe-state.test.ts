import { fakeClock } from "../../core/clock/fake-clock.ts";
import { expect, it } from "vitest";
import { agentConfigFromYaml } from "../../agent/config/agent-config-from-yaml.ts";
import { AgentYaml } from "../../agent/config/schema.ts";
import { allSafe, safeState } from "../../agent/safe-state.ts";
import { chargerDevices } from "../fake/charger-devices.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { relayBoard, type RelayBoard } from "../fake/relay-board.ts";
import { silentLog } from "../fake/silent-log.ts";

async function boards(appliances: object = {}, lines: object = {}, relays: object = {}) {
  const [one, two] = [await relayBoard(), await relayBoard()];
  const relay = (bus: string, on_boot: string, inverted = false) => ({
    driver: "modbus_coil",
    bus,
    unit_id: 10,
    coil: 0,
    on_boot,
    inverted,
  });
  const bus = ({ port }: RelayBoard) => ({ type: "modbus_tcp", host: "127.0.0.1", port });
  const yaml = AgentYaml.parse({
    version: 1,
    site: { name: "x", timezone: "UTC", currency: "EUR", grid: { phases: 1, fuse_a: 25, max_import_w: 5000 } },
    buses: { one: bus(one), two: bus(two), ...lines },
    meters: { grid: { role: "grid", driver: "eastron_sdm630", bus: "one", unit_id: 1 } },
    relays: { r1: relay("one", "open"), r2: { ...relay("two", "closed"), coil: 1 }, r3: relay("two", "closed", true), ...relays },
    appliances,
    storage: { path: "data.db" },
  });
  const log = silentLog();
  return { one, two, log, run: () => safeState(agentConfigFromYaml(yaml, "/tmp"), fakeClock(0), log) };
}

it("puts every relay into its declared safe state without the rest of the agent", async () => {
  const { one, two, run } = await boards();
  one.coils.set(0, true);
  two.coils.set(0, true);
  expect(await run()).toEqual([]);
  expect([one.coils.get(0), two.coils.get(1), two.coils.get(0)]).toEqual([false, true, false]);
});

it("tries each three times and names those that do not follow, the others in their safe state", async () => {
  const { one, two, log, run } = await boards();
  one.coils.set(0, true);
  one.stuck.add(0);
  expect(await run()).toEqual(["r1"]);
  // "name" is the program's in every line.
  expect(log.lines.map(({ fields }) => [fields["device"], "name" in fields])).toEqual([
    ["r1", false],
    ["r1", false],
    ["r1", false],
  ]);
  expect(one.writes).toHaveLength(3);
  expect(two.coils.get(1)).toBe(true);
});

it("puts a charger into its safe state too, and leaves one that dials the gateway to its own profile", async () => {
  const { heidelberg_energy_control: device } = chargerDevices;
  const { state: slave } = await registerSlave(1, device);
  const comfort = { energy_wh_per_day: 9000, not_before: "20:00", ready_by: "07:00" };
  const charger = { type: "ev_charger", phases: 3, max_current_a: 16, failsafe_current_a: 6, comfort };
  const { run, one } = await boards(
    {
      car: { ...charger, driver: "modbus_charger", bus: "wall", unit_id: 1, family: "heidelberg_energy_control" },
      van: { ...charger, driver: "ocpp16", charge_point_id: "CP1" },
    },
    { wall: { type: "modbus_tcp", host: "127.0.0.1", port: slave.port } },
  );
  one.coils.set(0, true);
  expect(device.setA(slave)).toBe(16);
  expect(await run()).toEqual([]);
  expect([device.setA(slave), one.coils.get(0)]).toEqual([6, false]);
});

it("names what cannot even be made, and puts the others into their safe state", async () => {
  const gone = "/nowhere/gone";
  const { one, two, log, run } = await boards(
    {
      car: {
        type: "ev_charger",
        driver: "modbus_charger",
        bus: "one",
        unit_id: 1,
        family: "heidelberg_energy_control",
        phases: 3,
        min_current_a: 20,
        max_current_a: 32,
        comfort: { energy_wh_per_day: 9000, not_before: "20:00", ready_by: "07:00" },
      },
    },
    {
      plug: { type: "http", url: "http://127.0.0.1:9", password_file: gone },
      broker: { type: "mqtt", url: "mqtts://127.0.0.1:9", ca_file: gone },
    },
    {
      r4: { driver: "shelly_http", bus: "plug", on_boot: "open" },
      r5: { driver: "tasmota_mqtt", bus: "broker", topic: "plug", on_boot: "open" },
    },
  );
  one.coils.set(0, true);
  expect(await run()).toEqual(["r4", "r5", "car"]);
  expect([one.coils.get(0), two.coils.get(1), two.coils.get(0)]).toEqual([false, true, false]);
  expect(log.lines.map(({ fields }) => fields["code"])).toEqual(
    expect.arrayContaining(["password-file-unreadable", "mqtt-file-unreadable", "device-bad-options"]),
  );
});

it("believes what stands safe also where it cannot be let go of", async () => {
  const set: string[] = [];
  const target = (name: string, close: () => void) => ({
    name,
    make: () => Promise.resolve({ makeSafe: () => Promise.resolve(set.push(name) > 0), close }),
  });
  const log = silentLog();
  const throwing = (): void => {
    throw new Error("EIO");
  };
  expect(await allSafe([target("r1", throwing), target("r2", () => undefined)], log)).toEqual([]);
  expect([set, log.lines.map(({ fields }) => fields["device"])]).toEqual([["r1", "r2"], ["r1"]]);
});
