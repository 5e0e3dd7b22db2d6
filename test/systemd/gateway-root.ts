import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";

/** Debian's release that gateways run; its systemd is 257. */
const release = "trixie";
const mirror = "http://deb.debian.org/debian";
const coilsABoard = 8;

/** One appliance of the gateway and the contact that switches it. */
export interface Load {
  name: string;
  /** As "unit/coil". */
  contact: string;
}

/** The appliances on so many boards of eight contacts. */
export const loadsOn = (boards: number): Load[] =>
  Array.from({ length: boards * coilsABoard }, (_, index) => ({
    name: `load-${index}`,
    contact: `${10 + Math.floor(index / coilsABoard)}/${index % coilsABoard}`,
  }));

/**
 * A small Debian with the agent in it, as deploy/install-gateway.sh lays it out, its unit enabled. Needs root and the network,
 * unless the folder has such a Debian from before.
 */
export function makeGatewayRoot(folder: string, options: { p1Port: number; modbusPort: number; loads: readonly Load[] }): void {
  if (!existsSync(join(folder, "usr/lib/systemd/systemd")))
    run("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,udev,kmod", release, folder, mirror);
  run("rm", "-rf", join(folder, "var/lib/smart-mla"));
  run("env", `DESTDIR=${folder}`, "deploy/install-gateway.sh");
  const file = join(folder, "etc/smart-mla/agent.yaml");
  writeFileSync(file, stringify(configOf(options)));
  chmodSync(file, 0o640);
  run("chroot", folder, "systemd-sysusers");
  run("chroot", folder, "chgrp", "-R", "smart-mla", "/etc/smart-mla");
  run("chroot", folder, "systemctl", "enable", "smart-mla-agent.service");
}

function run(command: string, ...words: string[]): void {
  try {
    execFileSync(command, words, { stdio: "pipe", encoding: "utf8" });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw new Error(`${command} ${words.join(" ")} failed: ${said.trim().split("\n").slice(-5).join("\n")}`, { cause: error });
  }
}

/** Time of day in UTC. */
const hoursFromNow = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);

function configOf({ p1Port, modbusPort, loads }: { p1Port: number; modbusPort: number; loads: readonly Load[] }): object {
  const relay = ({ contact }: Load): object => {
    const [unitId, coil] = contact.split("/").map(Number);
    return { driver: "modbus_coil", bus: "lan", unit_id: unitId, coil, on_boot: "open" };
  };
  // What holds switching back would only make the test longer.
  const appliance = (relayName: string): object => ({
    type: "switched_load",
    relay: relayName,
    rated_power_w: 100,
    min_on_s: 0,
    min_off_s: 0,
    // Near its end comfort would switch on by itself.
    comfort: { energy_wh_per_day: 100, not_before: hoursFromNow(10), ready_by: hoursFromNow(23) },
  });
  return {
    version: 1,
    site: {
      name: "Kill test",
      timezone: "UTC",
      currency: "EUR",
      grid: { phases: 3, fuse_a: 25, max_import_w: 17_250, random_delay_s: 0 },
    },
    buses: {
      p1: { type: "tcp", host: "127.0.0.1", port: p1Port },
      lan: { type: "modbus_tcp", host: "127.0.0.1", port: modbusPort },
    },
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    relays: Object.fromEntries(loads.map((load) => [`r-${load.name}`, relay(load)])),
    appliances: Object.fromEntries(loads.map(({ name }) => [name, appliance(`r-${name}`)])),
    storage: { path: "/var/lib/smart-mla/agent/data.db" },
  };
}
