/** A good configuration of an agent, line by line, so that a test can name places in it. */
export const agentYamlLines: readonly string[] = [
  "version: 1",
  "site:",
  "  name: Test home",
  "  timezone: Europe/Amsterdam",
  "  currency: EUR",
  "  grid: { phases: 3, fuse_a: 25, max_import_w: 17250 }",
  "buses:",
  "  p1: { type: serial, port: /dev/ttyUSB0 }",
  "  lan: { type: modbus_tcp, host: 192.0.2.7 }",
  "meters:",
  "  grid: { role: grid, driver: dsmr, bus: p1 }",
  "  pump: { role: load, driver: eastron_sdm630, bus: lan, unit_id: 2 }",
  "relays:",
  "  r1: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 0, on_boot: open }",
  "  r2: { driver: modbus_coil, bus: lan, unit_id: 10, coil: 1, on_boot: closed }",
  "appliances:",
  "  boiler:",
  "    type: switched_load",
  "    relay: r1",
  "    rated_power_w: 2000",
  "    comfort: { energy_wh_per_day: 8000, not_before: '20:00', ready_by: '06:30' }",
  "  pump:",
  "    type: switched_load",
  "    relay: r2",
  "    rated_power_w: 2500",
  "    comfort: { max_block_s: 5400, min_free_s: 5400 }",
  "storage: { path: data.db }",
];

/** The text with one line replaced (or dropped, or more lines put in its place). */
export function agentYamlWith(line: string, ...instead: string[]): string {
  const at = agentYamlLines.indexOf(line);
  if (at < 0) throw new Error(`no line "${line}"`);
  return `${agentYamlLines.toSpliced(at, 1, ...instead).join("\n")}\n`;
}
