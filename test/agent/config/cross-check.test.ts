import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { crossCheck } from "../../../agent/config/cross-check.ts";
import { AgentYaml } from "../../../agent/config/schema.ts";
import { agentYamlLines } from "../../fake/agent-yaml.ts";

type Sections = Record<string, Record<string, object>>;

/** Issues of the good configuration with other entries in its sections, as "path message". */
function issues(entries: Record<string, object>, without: readonly string[] = []): string[] {
  const good = parse(agentYamlLines.join("\n")) as Sections;
  for (const section of without) good[section] = {};
  const yaml = Object.fromEntries(
    [...new Set([...Object.keys(good), ...Object.keys(entries)])].map((key) => {
      const [old, more] = [good[key], entries[key]];
      return [key, typeof old === "object" ? { ...old, ...more } : (more ?? old)];
    }),
  );
  return crossCheck(AgentYaml.parse(yaml)).map(({ path, message }) => `${path.join(".")} ${message}`);
}

const comfort = { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30" };
const coil = (number: number, on_boot = "open") => ({ driver: "modbus_coil", bus: "lan", unit_id: 10, coil: number, on_boot });

it("finds nothing in a good file", () => {
  expect(issues({})).toEqual([]);
});

describe("safe states and the fuse of a phase", () => {
  const loads = (phases: (number[] | undefined)[], rated_power_w = 3680) => ({
    relays: Object.fromEntries(phases.map((_, at) => [`s${at}`, coil(at, "closed")])),
    appliances: Object.fromEntries(
      phases.map((one, at) => [
        `load${at}`,
        { type: "switched_load", relay: `s${at}`, rated_power_w, comfort, ...(one && { phases: one }) },
      ]),
    ),
  });
  const sections = ["relays", "appliances"];

  it.each<[string, (number[] | undefined)[], number]>([
    ["one on each phase", [[1], [2], [3]], 3680],
    ["one on all three", [[1, 2, 3]], 17_250],
    ["exactly the fuse", [[2], undefined], 2875],
  ])("takes %s", (_, phases, powerW) => expect(issues(loads(phases, powerW), sections)).toEqual([]));

  it("refuses three of 16 A on one phase of 25 A", () => {
    expect(issues(loads([[1], [1], [1]]), sections)).toEqual([
      "appliances with all appliances in their safe state load0, load1, load2 load phase 1 with 11040 W, more than its fuse of 25 A carries (5750 W); let fewer relays have on_boot: closed, or name the phases of what does not load this one alone (it counts on each phase until then)",
    ]);
  });

  it("counts what names no phases on each of them, as the guard does", () => {
    expect(issues(loads([undefined, [2]], 2876), sections)).toEqual([
      expect.stringContaining("load0, load1 load phase 2 with 5752 W"),
    ]);
  });
});

describe("chargers", () => {
  const car = { type: "ev_charger", phases: 3, comfort };
  const wallbox = (more: object) => ({
    appliances: {
      car: { ...car, driver: "modbus_charger", bus: "lan", unit_id: 3, family: "heidelberg_energy_control", ...more },
    },
  });

  it.each<[string, object, string[]]>([
    ["the whole range of its family", { max_current_a: 16 }, []],
    [
      "more than its family",
      { max_current_a: 32 },
      [
        "appliances.car.max_current_a 32 A is more than a heidelberg_energy_control can be set to (16 A at most); write 16 or less, or correct family",
      ],
    ],
    [
      "no current of its family",
      { min_current_a: 20, max_current_a: 32 },
      [
        "appliances.car.min_current_a 20 A is more than a heidelberg_energy_control can be set to (16 A at most); write 16 or less, or correct family",
        "appliances.car.max_current_a 32 A is more than a heidelberg_energy_control can be set to (16 A at most); write 16 or less, or correct family",
      ],
    ],
    [
      "currents that it has no step for",
      { min_current_a: 6.25, max_current_a: 15.99 },
      [
        "appliances.car.min_current_a 6.25 A is between two steps of a heidelberg_energy_control; write 6.2 or 6.3",
        "appliances.car.max_current_a 15.99 A is between two steps of a heidelberg_energy_control; write 15.9 or 16",
      ],
    ],
    ["currents that are a step, though 6.3 * 10 is not quite 63", { min_current_a: 6.3, max_current_a: 15.9 }, []],
    ["the same of a family with more", { family: "keba_p40", min_current_a: 20, max_current_a: 32 }, []],
  ])("may have %s, or not", (_, more, said) => expect(issues(wallbox(more))).toEqual(said));

  const dialing = (listen: [host: string | undefined, port: number | undefined][]) => ({
    appliances: Object.fromEntries(
      listen.map(([listen_host, listen_port], at) => [
        `car${at}`,
        {
          ...car,
          driver: "ocpp16",
          charge_point_id: `CP${at}`,
          ...(listen_host !== undefined && { listen_host }),
          ...(listen_port !== undefined && { listen_port }),
        },
      ]),
    ),
  });

  it.each<[string, [string | undefined, number | undefined][]]>([
    [
      "ports of their own",
      [
        [undefined, undefined],
        [undefined, 8888],
      ],
    ],
    [
      "one port of two addresses",
      [
        ["192.0.2.10", 8887],
        ["198.51.100.10", 8887],
      ],
    ],
  ])("may be dialled at %s", (_, listen) => expect(issues(dialing(listen))).toEqual([]));

  it.each<[string, [string | undefined, number | undefined][], string]>([
    [
      "one port",
      [
        [undefined, undefined],
        [undefined, undefined],
      ],
      "127.0.0.1",
    ],
    [
      "one port, of all addresses and of one",
      [
        ["0.0.0.0", 8887],
        ["192.0.2.10", 8887],
      ],
      "192.0.2.10",
    ],
    [
      "one port, of a name and an address",
      [
        ["localhost", 8887],
        ["127.0.0.1", 8887],
      ],
      "127.0.0.1",
    ],
  ])("may not be dialled at %s", (_, listen, host) =>
    expect(issues(dialing(listen))).toEqual([
      `appliances.car1.listen_port port 8887 of ${host} is where "car0" is dialled already; give each charger a port of its own`,
    ]),
  );
});

describe("a simulation", () => {
  const simulated = (relay: object, listen_host: string) => ({
    simulation: { clock_url: "tcp://127.0.0.1:7000" },
    buses: { p1: { type: "tcp", host: "127.0.0.1", port: 7001 }, lan: { type: "modbus_tcp", host: "127.0.0.1", port: 7002 } },
    relays: { r3: relay },
    appliances: { car: { type: "ev_charger", driver: "ocpp16", charge_point_id: "CP1", listen_host, comfort } },
  });

  it.each(["127.0.0.1", "::1", "localhost"])("may let a charger dial %s", (host) =>
    expect(issues(simulated(coil(3), host))).toEqual([]),
  );

  it("may drive no pins and let no real charger dial", () => {
    expect(issues(simulated({ driver: "gpio", line: 17, on_boot: "open" }, "192.0.2.10"))).toEqual([
      "relays.r3.driver a configuration with simulation may use no contact of the machine itself (gpio); put the relay on a bus on 127.0.0.1",
      "appliances.car.listen_host a configuration with simulation may only listen on 127.0.0.1, where no real charger dials; 192.0.2.10 is elsewhere",
    ]);
  });
});

describe("lines", () => {
  it.each([
    ["http://h", "http://h/"],
    ["http://h", "http://H:80"],
    ["https://h:443/x", "https://h/x/"],
    ["http://h/", "http://h?a=1#b"],
    ["mqtt://h", "mqtt://h:1883"],
    ["mqtts://h:8883/", "mqtts://h"],
  ])("%s and %s are one", (one, other) => {
    const type = one.startsWith("mqtt") ? "mqtt" : "http";
    const said = issues({ buses: { one: { type, url: one }, other: { type, url: other } } });
    expect(said).toEqual([expect.stringMatching(/^buses\.other is the same line as bus "one" \(.+\); use one name for both$/)]);
  });

  it.each([
    ["http://h", "http://h:8080"],
    ["http://h", "http://h/x"],
    ["mqtt://h:8883", "mqtts://h"],
    ["mqtt://h", "mqtt://h2"],
  ])("%s and %s are two", (one, other) => {
    const type = one.startsWith("mqtt") ? "mqtt" : "http";
    expect(issues({ buses: { one: { type, url: one }, other: { type, url: other } } })).toEqual([]);
  });

  it("that carry bytes are shared by no relay, though it is called as the meter is", () => {
    expect(issues({ relays: { grid: { ...coil(2), bus: "p1" } } })).toEqual([
      'meters.grid.bus bus "p1" is a byte stream of its own; relays.grid cannot share it',
    ]);
  });
});

describe("stores that are planned by their temperature", () => {
  const heated = (more: object, band: object) => ({
    relays: { s0: coil(0) },
    sensors: { top: { driver: "modbus_register", bus: "lan", unit_id: 12, address: 0 } },
    appliances: { tank: { type: "switched_load", relay: "s0", rated_power_w: 2000, comfort: { ...comfort, ...band }, ...more } },
  });
  const both = { min_c: 45, max_c: 70 };
  const tank = { litres: 200 };

  it.each<[string, object, object, string[]]>([
    ["a tank with all of it", { sensor: "top", tank }, both, []],
    ["nobody to measure it", { tank }, {}, ["appliances.tank.tank a tank is planned by its temperature: name its sensor"]],
    [
      "no bounds",
      { sensor: "top", room: { capacity_wh_per_k: 5000, loss_w_per_k: 150 } },
      {},
      [
        "appliances.tank.comfort.min_c missing; a room is planned between min_c and max_c",
        "appliances.tank.comfort.max_c missing; a room is planned between min_c and max_c",
      ],
    ],
    [
      "both at once",
      { sensor: "top", tank, room: { capacity_wh_per_k: 5000, loss_w_per_k: 150 } },
      both,
      ["appliances.tank.room one of tank and room was expected, not both"],
    ],
  ])("says of %s what is wrong", (_, more, band, expected) => {
    expect(issues(heated(more, band), ["relays", "appliances"])).toEqual(expected);
  });
});

it("wants to know what peak is paid for anyway where a higher one has a price", () => {
  const grid = { phases: 3, fuse_a: 25, max_import_w: 17_000, peak_price_per_kw: 4.5 };
  expect(issues({ site: { grid } })).toEqual([
    "site.grid.peak_price_per_kw a price of a peak needs peak_w, the peak that is paid for anyway",
  ]);
  expect(issues({ site: { grid: { ...grid, peak_w: 2500 } } })).toEqual([]);
});
