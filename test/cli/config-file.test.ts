import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crossCheck } from "../../agent/config/cross-check.ts";
import { AgentYaml } from "../../agent/config/schema.ts";
import { ConfigError } from "../../cli/config-error.ts";
import { readConfigFile } from "../../cli/config-file.ts";
import { familyNames } from "../../drivers/meter/modbus/family-names.ts";
import { agentYamlLines, agentYamlWith } from "../fake/agent-yaml.ts";
import { scratch } from "../fake/scratch.ts";

/** Code and lines of the refusal, without the folder; an empty list where the text is good. */
function issues(text: string | Buffer): string[] {
  const folder = scratch("test");
  const file = join(folder, "agent.yaml");
  writeFileSync(file, text);
  try {
    readConfigFile(file, AgentYaml, crossCheck);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toBe(error.lines.join("\n"));
    return error.lines.map((line) => line.replace(`${folder}/`, ""));
  }
}
const grid = "  grid: { role: grid, driver: dsmr, bus: p1 }";
const p1 = "  p1: { type: serial, port: /dev/ttyUSB0 }";
const boilerRelay = "    relay: r1";
const r1 = "  r1: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 0, on_boot: open }";
/** A charger of which two fields are wrong, or none. */
const charger = (failsafe: string, currents: string, comfort: string): string[] => [
  "  car:",
  `    { type: ev_charger, driver: modbus_charger, bus: lan, unit_id: 3, family: heidelberg_energy_control, phases: 3, ${currents},`,
  `      ${failsafe},`,
  `      comfort: { energy_wh_per_day: 9000, not_before: '20:00', ready_by: '07:00'${comfort} } }`,
];
const gridLimits = "  grid: { phases: 3, fuse_a: 25, max_import_w: 17250 }";

it("takes a good file and fills in what it leaves open", () => {
  expect(issues(agentYamlLines.join("\n"))).toEqual([]);
});

describe("says file, line, column, path and what was expected", () => {
  it.each<[string, string, string[]]>([
    [
      "an unknown key",
      agentYamlWith("  name: Test home", "  name: Test home", "  nmae: x"),
      ['agent.yaml:4:3 site.nmae unknown key "nmae"; remove it or check its spelling'],
    ],
    [
      "an unknown key in a driver",
      agentYamlWith(grid, "  grid: { role: grid, driver: dsmr, bus: p1, boud: 9600 }"),
      ['agent.yaml:11:46 meters.grid.boud unknown key "boud"; remove it or check its spelling'],
    ],
    [
      "a wrong type",
      agentYamlWith("    rated_power_w: 2000", "    rated_power_w: two"),
      ["agent.yaml:20:20 appliances.boiler.rated_power_w Invalid input: expected number, received string"],
    ],
    ["a missing key, at its parent", agentYamlWith("  currency: EUR"), ["agent.yaml:2:1 site.currency missing; expected string"]],
    [
      "a missing section, at the top",
      agentYamlWith("storage: { path: data.db }"),
      ["agent.yaml:1:1 storage missing; expected object"],
    ],
    [
      "a bus that is not there",
      agentYamlWith(grid, "  grid: { role: grid, driver: dsmr, bus: p2 }"),
      ['agent.yaml:11:42 meters.grid.bus no bus called "p2" (have: p1, lan)'],
    ],
    [
      "a bus called as something every object has",
      agentYamlWith(grid, "  grid: { role: grid, driver: dsmr, bus: constructor }"),
      ['agent.yaml:11:42 meters.grid.bus no bus called "constructor" (have: p1, lan)'],
    ],
    [
      "an unknown driver",
      agentYamlWith(grid, "  grid: { role: grid, driver: dsmr9, bus: p1 }"),
      [
        'agent.yaml:11:31 meters.grid.driver no driver called "dsmr9" (have: dsmr, han, iec62056_21, modbus, sunspec, eastron_sdm630)',
      ],
    ],
    [
      "no driver",
      agentYamlWith(grid, "  grid: { role: grid, bus: p1 }"),
      ["agent.yaml:11:3 meters.grid.driver missing driver (have: dsmr, han, iec62056_21, modbus, sunspec, eastron_sdm630)"],
    ],
    [
      "a missing choice",
      agentYamlWith(r1, "  r1: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 0 }"),
      ['agent.yaml:14:3 relays.r1.on_boot missing; expected "open" or "closed"'],
    ],
    [
      "a fraction",
      agentYamlWith("    rated_power_w: 2000", "    rated_power_w: 2.5"),
      ["agent.yaml:20:20 appliances.boiler.rated_power_w expected a whole number, received 2.5"],
    ],
    [
      "a name that cannot be one",
      agentYamlWith(r1, r1.replace("r1", '"water boiler"')),
      ["agent.yaml:14:3 relays.water boiler 1 to 48 letters, digits, _ or -"],
    ],
    [
      "an appliance without comfort, and one relay for two contacts",
      agentYamlWith(
        "appliances:",
        "appliances:",
        "  heater: { type: switched_load, relay: r1, rated_power_w: 1000 }",
        "  hp: { type: heat_pump_sg_ready, relays: r1, rated_power_w: 1000 }",
      ),
      [
        "agent.yaml:17:3 appliances.heater.comfort missing; expected energy_wh_per_day with not_before and ready_by, or max_block_s with min_free_s",
        "agent.yaml:18:43 appliances.hp.relays two names of relays, those of the first and of the second input, such as [sg1, sg2]",
      ],
    ],
    [
      "a line that is indented wrongly",
      agentYamlWith("    rated_power_w: 2000", "      rated_power_w: 2000"),
      [
        "agent.yaml:19:12 Nested mappings are not allowed in compact mappings; see that this line and the one before it begin with the right number of blanks, and without tabs",
        "agent.yaml:19:12 Implicit keys need to be on a single line",
      ],
    ],
    [
      "an address that is none",
      agentYamlWith("buses:", "buses:", "  shelly: { type: http, url: 192.0.2.30 }", "  home: { type: mqtt, url: 192.0.2.5 }"),
      [
        "agent.yaml:8:30 buses.shelly.url an http:// or https:// address",
        "agent.yaml:9:28 buses.home.url an mqtt:// or mqtts:// address",
      ],
    ],
    [
      "a byte stream on a Modbus TCP bus",
      agentYamlWith(grid, "  grid: { role: grid, driver: dsmr, bus: lan }"),
      [
        'agent.yaml:11:42 meters.grid.bus driver dsmr reads a byte stream; bus "lan" is modbus_tcp, use type serial or tcp',
        'agent.yaml:11:42 meters.grid.bus bus "lan" is a byte stream of its own; meters.pump cannot share it',
        'agent.yaml:11:42 meters.grid.bus bus "lan" is a byte stream of its own; relays.r1 cannot share it',
        'agent.yaml:11:42 meters.grid.bus bus "lan" is a byte stream of its own; relays.r2 cannot share it',
      ],
    ],
    [
      "a byte bus that another shares",
      agentYamlWith(r1, "  r1: { driver: modbus_coil, bus: p1, unit_id: 10, coil: 0, on_boot: open }"),
      ['agent.yaml:11:42 meters.grid.bus bus "p1" is a byte stream of its own; relays.r1 cannot share it'],
    ],
    [
      "a relay that is not there",
      agentYamlWith(boilerRelay, "    relay: r9"),
      ['agent.yaml:19:12 appliances.boiler.relay no relay called "r9" (have: r1, r2)'],
    ],
    [
      "two appliances on one relay",
      agentYamlWith(boilerRelay, "    relay: r2"),
      ['agent.yaml:24:12 appliances.pump.relay relay "r2" already switches "boiler"'],
    ],
    [
      "two names for one line",
      agentYamlWith(
        "  p1: { type: serial, port: /dev/ttyUSB0 }",
        "  p1: { type: serial, port: /dev/ttyUSB0 }",
        "  p2: { type: serial, port: /dev/ttyUSB0 }",
      ),
      ['agent.yaml:9:7 buses.p2 is the same line as bus "p1" (/dev/ttyUSB0); use one name for both'],
    ],
    [
      "one port with both framings of Modbus",
      agentYamlWith(
        "  p1: { type: serial, port: /dev/ttyUSB0 }",
        "  p1: { type: serial, port: /dev/ttyUSB0 }",
        "  rtu: { type: tcp, host: Gate.example, port: 502 }",
        "  wifi: { type: modbus_tcp, host: gate.example }",
      ),
      [
        'agent.yaml:10:9 buses.wifi is modbus_tcp but bus "rtu" is tcp on the same port (gate.example:502); a port speaks only one of them: keep the bus whose type the gateway is set to',
      ],
    ],
    [
      "a Modbus family that is not there",
      agentYamlWith(grid, "  grid: { role: grid, driver: modbus, bus: lan, unit_id: 1, family: sdm9000 }"),
      [`agent.yaml:11:69 meters.grid.family no family of this name (have: ${familyNames.join(", ")})`],
    ],
    [
      "two names for one contact",
      agentYamlWith(r1, "  r1: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 1, on_boot: open }"),
      ['agent.yaml:15:59 relays.r2.coil unit 10 coil 1 on bus "lan" is already relay "r1"'],
    ],
    [
      "a thermostat appliance whose safe state would block it",
      agentYamlWith(r1, "  r1: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 0, on_boot: open }").replace(
        "on_boot: closed",
        "on_boot: open",
      ),
      [
        'agent.yaml:26:29 appliances.pump.comfort.max_block_s "pump" runs by its own thermostat, so its safe state is on: relay "r2" needs on_boot: closed (and inverted: true where closing blocks it)',
      ],
    ],
    [
      "a fridge",
      agentYamlWith(boilerRelay, boilerRelay, "    kind: fridge"),
      [
        'agent.yaml:20:11 appliances.boiler.kind a fridge is never switched by a plan: food, health or safety hang on it; take "boiler" out of the file',
      ],
    ],
    [
      "a temperature without a sensor, and a sensor that is not there",
      agentYamlWith(
        "    comfort: { energy_wh_per_day: 8000, not_before: '20:00', ready_by: '06:30' }",
        "    comfort: { energy_wh_per_day: 8000, not_before: '20:00', ready_by: '06:30', min_c: 50 }",
      ).replace("    comfort: { max_block_s: 5400", "    sensor: attic\n    comfort: { max_block_s: 5400"),
      [
        'agent.yaml:21:88 appliances.boiler.comfort.min_c a temperature needs a sensor; name one as sensor of "boiler"',
        'agent.yaml:26:13 appliances.pump.sensor no sensor called "attic" (have: none)',
      ],
    ],
    [
      "SG-Ready with a contact that rests closed",
      agentYamlWith(
        "    comfort: { max_block_s: 5400, min_free_s: 5400 }",
        "    comfort: { max_block_s: 5400, min_free_s: 5400 }",
      ).replace("    type: switched_load\n    relay: r2", "    type: heat_pump_sg_ready\n    relays: [r1, r2]"),
      [
        'agent.yaml:24:14 appliances.pump.relays.0 relay "r1" already switches "boiler"',
        'agent.yaml:24:18 appliances.pump.relays.1 both contacts of SG-Ready are open in its normal state: relay "r2" needs on_boot: open (and inverted: true where its contact rests closed)',
      ],
    ],
    [
      "a charger whose failsafe is above 4.2 kW, whose currents are the wrong way round, and whose car has no size",
      agentYamlWith(
        "appliances:",
        "appliances:",
        ...charger("failsafe_current_a: 7", "min_current_a: 20, max_current_a: 16", ", target_soc_percent: 80"),
      ),
      [
        "agent.yaml:18:132 appliances.car.min_current_a is above max_current_a 16",
        "agent.yaml:19:27 appliances.car.failsafe_current_a 7 A on 3 phases is 4830 W; a charger that nobody speaks to takes at most 4200 W",
        "agent.yaml:20:103 appliances.car.comfort.target_soc_percent needs battery_wh of the car",
      ],
    ],
    [
      "a charger on a line of another kind",
      agentYamlWith("appliances:", "appliances:", ...charger("failsafe_current_a: 6", "max_current_a: 16", ""))
        .replace("bus: lan, unit_id: 3", "bus: home, unit_id: 3")
        .replace("buses:", "buses:\n  home: { type: mqtt, url: 'mqtt://192.0.2.9' }"),
      [
        'agent.yaml:19:54 appliances.car.bus driver modbus_charger speaks modbus; bus "home" is mqtt, use type serial or tcp or modbus_tcp',
      ],
    ],
    [
      "a phase that is named twice",
      agentYamlWith(boilerRelay, boilerRelay, "    phases: [1, 1]"),
      ["agent.yaml:20:13 appliances.boiler.phases names a phase twice"],
    ],
    [
      "a limit above the fuse",
      agentYamlWith(gridLimits, "  grid: { phases: 1, fuse_a: 25, max_import_w: 5751 }"),
      ["agent.yaml:6:48 site.grid.max_import_w 5751 W is more than the fuse carries (5750 W)"],
    ],
    [
      "safe states that together overload the house",
      agentYamlWith(gridLimits, "  grid: { phases: 1, fuse_a: 16, max_import_w: 2499 }"),
      [
        "agent.yaml:17:3 appliances with all appliances in their safe state pump draw 2500 W, more than max_import_w 2499 W; let fewer relays have on_boot: closed",
      ],
    ],
    [
      "two grid meters",
      agentYamlWith(
        "  pump: { role: load, driver: eastron_sdm630, bus: lan, unit_id: 2 }",
        "  pump: { role: grid, driver: eastron_sdm630, bus: lan, unit_id: 2 }",
      ),
      ["agent.yaml:11:3 meters exactly one meter must have role grid, 2 have (grid, pump)"],
    ],
    [
      "a time zone that is none",
      agentYamlWith("  timezone: Europe/Amsterdam", "  timezone: Amsterdam"),
      ["agent.yaml:4:13 site.timezone an IANA time zone such as Europe/Amsterdam"],
    ],
    [
      "a slot length that is none",
      agentYamlWith("  currency: EUR", "  currency: EUR", "  slot_minutes: 25"),
      ["agent.yaml:6:17 site.slot_minutes Invalid option: expected one of 5|6|10|12|15|20|30|60"],
    ],
    [
      "a window that never ends",
      agentYamlWith(
        "    comfort: { energy_wh_per_day: 8000, not_before: '20:00', ready_by: '06:30' }",
        "    comfort: { energy_wh_per_day: 8000, not_before: '06:30', ready_by: '06:30' }",
      ),
      ["agent.yaml:21:53 appliances.boiler.comfort.not_before must differ from ready_by"],
    ],
    [
      "a real device in a simulation",
      agentYamlWith(
        "storage: { path: data.db }",
        "storage: { path: data.db }",
        "simulation: { clock_url: 'tcp://127.0.0.1:7000' }",
      ),
      [
        "agent.yaml:8:7 buses.p1 a configuration with simulation may only use hosts on 127.0.0.1, no real device",
        "agent.yaml:9:8 buses.lan a configuration with simulation may only use hosts on 127.0.0.1, no real device",
      ],
    ],
  ])("for %s", (_, text, lines) => expect(issues(text)).toEqual(lines));
});

it("names every mistake of the schema at once", () => {
  const text = agentYamlWith("  currency: EUR", "  currency: euro").replace("fuse_a: 25", "fuse_a: 0");
  expect(issues(text).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "agent.yaml:5:13 site.currency",
    "agent.yaml:6:30 site.grid.fuse_a",
  ]);
});

it("tells what in a comfort section does not fit", () => {
  const lines = issues(
    agentYamlWith("    comfort: { max_block_s: 5400, min_free_s: 5400 }", "    comfort: { max_block_s: 5400, min_free_s: soon }"),
  );
  expect(lines).toEqual(["agent.yaml:26:47 appliances.pump.comfort.min_free_s Invalid input: expected number, received string"]);
});

it("takes a simulation on loopback", () => {
  const text = agentYamlWith(p1, "  p1: { type: tcp, host: 127.0.0.1, port: 7001 }").replace("192.0.2.7", "127.0.0.1");
  expect(issues(`${text}simulation: { clock_url: 'tcp://127.0.0.1:7000' }\n`)).toEqual([]);
});

it.each([
  ["a tab", "version: 1\nsite:\n\tname: x\n", "agent.yaml:3:1"],
  ["a key twice", "version: 1\nversion: 1\n", "agent.yaml:2:1"],
  ["an open bracket", "version: [1\n", "agent.yaml:2:1"],
  ["an alias to nothing", "version: *one\n", "agent.yaml:1:1"],
])("says where %s is no YAML", (_, text, place) => {
  expect(issues(text).map((line) => line.split(" ")[0])).toContain(place);
});

it("names a key that would be left out without a word", () => {
  expect(issues("version: 1\nmeters:\n  __proto__: { driver: dsmr }\n")).toEqual([
    "agent.yaml:3:3 __proto__ cannot be a name; choose another",
  ]);
});

it("survives an empty file, another document and a bomb of aliases", () => {
  expect(issues("")).toHaveLength(1);
  expect(issues("- just\n- a list\n")).toHaveLength(1);
  const bomb = ["a0: &a0 [x, x]", ...Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`)].join(
    "\n",
  );
  expect(issues(bomb).length).toBeGreaterThan(0);
});

it("names a file that cannot be read", () => {
  expect(() => readConfigFile(join(scratch("test"), "none.yaml"), AgentYaml, crossCheck)).toThrow(
    expect.objectContaining({ code: "config-unreadable" }),
  );
});

it("refuses a file that is no text in UTF-8, instead of names with holes in them", () => {
  const text = agentYamlLines.join("\n").replace("Test home", "Stra\u00dfe 7");
  expect(issues(text)).toEqual([]);
  expect(issues(Buffer.from(text, "latin1"))).toEqual([expect.stringMatching(/^agent\.yaml is not UTF-8 text; /)]);
});

it("refuses at once a file that is far too long to be a configuration", () => {
  const text = `${agentYamlLines.join("\n")}\n${"# x\n".repeat(1024 * 1024)}`;
  expect(issues(text)).toEqual([expect.stringMatching(/^agent\.yaml has \d+ bytes, at most 4194304 are read/)]);
});
