import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { createControlKey } from "../../core/envelope.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { aggregatorUser } from "../../simulator/broker/broker-acl.ts";
import { devChainId } from "../../simulator/chain/run-chain.ts";
import { houseZone } from "../../simulator/house/local-day.ts";
import { relayUnit, subMeterUnit } from "../../simulator/modbus/modbus-house.ts";
import type { DemoParties, KeyPlace } from "./demo-parties.ts";
import type { DemoPart } from "./demo-part.ts";

const aggregatorId = "community";

/** Folders and files of one home. */
export interface HomeFiles extends KeyPlace {
  site: string;
  house: string;
  folder: string;
  configFile: string;
  socketFile: string;
  p1Port: number;
  modbusPort: number;
}

/** Everything the demo keeps on disk, below one folder that it removes at the end. */
export interface DemoFiles {
  folder: string;
  logFolder: string;
  usersFile: string;
  chainFile: string;
  brokerPort: number;
  chainPort: number;
  aggregator: KeyPlace & { folder: string; configFile: string; apiPort: number };
  homes: HomeFiles[];
}

/** Lays out the folders. @param ports one free port after the other */
export async function layOut(folder: string, count: number, ports: () => Promise<number>): Promise<DemoFiles> {
  const keys = (own: string, name: string): KeyPlace => ({
    keyFile: join(own, "keys", `${name}.json`),
    passphraseFile: join(own, "passphrase"),
  });
  const homes: HomeFiles[] = [];
  for (let index = 1; index <= count; index++) {
    const site = `home-${index}`;
    const own = join(folder, site);
    homes.push({
      site,
      house: `house-${index}`,
      folder: own,
      configFile: join(own, "agent.yaml"),
      socketFile: join(own, "agent.sock"),
      ...keys(own, "household"),
      p1Port: await ports(),
      modbusPort: await ports(),
    });
  }
  const own = join(folder, "aggregator");
  const files: DemoFiles = {
    folder,
    logFolder: join(folder, "log"),
    usersFile: join(folder, "broker-users.json"),
    chainFile: join(folder, "chain.json"),
    brokerPort: await ports(),
    chainPort: await ports(),
    aggregator: { folder: own, configFile: join(own, "aggregator.yaml"), apiPort: await ports(), ...keys(own, "aggregator") },
    homes,
  };
  for (const made of [files.logFolder, own, ...homes.map((home) => home.folder)])
    mkdirSync(made, { recursive: true, mode: 0o700 });
  return files;
}

/** Writes what the broker lets in: one password a site and one for the aggregator. */
export function writeBrokerUsers(files: DemoFiles): void {
  const users: Record<string, string> = {};
  for (const { user, folder } of [
    { user: aggregatorUser, folder: files.aggregator.folder },
    ...files.homes.map(({ site, folder: own }) => ({ user: site, folder: own })),
  ]) {
    const password = randomBytes(18).toString("base64url");
    users[user] = password;
    writeFileSync(join(folder, "broker-password"), `${password}\n`, { mode: 0o600 });
  }
  writeFileSync(files.usersFile, JSON.stringify(users), { mode: 0o600 });
}

/** How the contract comes to the records: the newest of all homes together, or each by itself, by whom. */
export type DemoSettling = "together" | "each by the aggregator" | "each by the gateway";

/**
 * Writes real configuration files, the same that an installer and an operator write.
 * @param worth what a kWh is worth to the aggregator, so that flexibility can be rewarded; null where it does not say
 */
export async function writeConfigs(
  files: DemoFiles,
  parties: DemoParties,
  {
    prices,
    worth,
    clockUrl,
    settling,
    parts,
  }: {
    prices: PriceSeries;
    worth: PriceSeries | null;
    clockUrl: string;
    settling: DemoSettling;
    parts: readonly Pick<DemoPart, "homeSections" | "aggregatorSections">[];
  },
): Promise<void> {
  const { privateJwk, publicJwk } = await createControlKey("demo-control-1");
  const chain = { chain_id: devChainId, contract: parties.contract, rpc_url: `http://127.0.0.1:${files.chainPort}` };
  const brokerUrl = `mqtt://127.0.0.1:${files.brokerPort}`;
  const sites: Record<string, object> = {};
  for (const home of files.homes) {
    const agreementFile = join(home.folder, "agreement.json");
    writeFileSync(agreementFile, JSON.stringify(parties.agreements.get(home.site)), { mode: 0o600 });
    sites[home.site] = { agreement_file: agreementFile };
    const agent = Object.assign(
      agentYaml(home, { chain, brokerUrl, publicJwk, clockUrl, settling }),
      ...parts.map((part) => part.homeSections(home)),
    );
    writeFileSync(home.configFile, stringify(agent), { mode: 0o640 });
  }
  const own = files.aggregator.folder;
  writeFileSync(join(own, "control-key.json"), JSON.stringify(privateJwk), { mode: 0o600 });
  writeFileSync(join(own, "prices.json"), JSON.stringify([prices]));
  if (worth) writeFileSync(join(own, "worth.json"), JSON.stringify([worth]));
  const yaml = {
    version: 1,
    id: aggregatorId,
    broker: { url: brokerUrl, username: aggregatorUser, password_file: "broker-password" },
    control_key_file: "control-key.json",
    sites,
    prices_file: "prices.json",
    ...(worth && { flexibility: { worth_file: "worth.json" } }),
    plan: { every_s: 3600, slot_minutes: 15 },
    settlement: {
      key: "aggregator",
      passphrase_file: "passphrase",
      ...chain,
      epoch_s: 3600,
      // The demo's chain takes nothing back, and its day ends before a month is over.
      final_after: 0,
      settle_days: 0,
      ...(settling !== "together" && { mode: "each" }),
      ...(settling === "each by the gateway" && { settled_by: "gateway" }),
    },
    storage: { path: "data.db" },
    http: { listen: `127.0.0.1:${files.aggregator.apiPort}`, open: true },
    simulation: { clock_url: clockUrl },
  };
  Object.assign(yaml, ...parts.map((part) => part.aggregatorSections()));
  writeFileSync(files.aggregator.configFile, stringify(yaml), { mode: 0o640 });
  chmodSync(files.folder, 0o700);
}

function agentYaml(
  home: HomeFiles,
  shared: { chain: object; brokerUrl: string; publicJwk: object; clockUrl: string; settling: DemoSettling },
): object {
  const relay = (coil: number, onBoot: "open" | "closed"): object => ({
    driver: "modbus_coil",
    bus: "lan",
    unit_id: relayUnit,
    coil,
    on_boot: onBoot,
  });
  return {
    version: 1,
    site: {
      name: `Demo ${home.site}`,
      timezone: houseZone,
      currency: "EUR",
      slot_minutes: 15,
      grid: { phases: 3, fuse_a: 25, max_import_w: 17_250 },
    },
    buses: {
      p1: { type: "tcp", host: "127.0.0.1", port: home.p1Port },
      lan: { type: "modbus_tcp", host: "127.0.0.1", port: home.modbusPort },
    },
    meters: {
      grid: { role: "grid", driver: "dsmr", bus: "p1" },
      heat_pump: { role: "load", driver: "eastron_sdm630", bus: "lan", unit_id: subMeterUnit, poll_s: 300 },
    },
    relays: { r1: relay(0, "open"), r2: relay(1, "open"), r3: relay(2, "closed") },
    // On the phases that the house has them on: unnamed, each counts on all, and a car waits while the heat pump runs.
    appliances: {
      boiler: {
        type: "switched_load",
        relay: "r1",
        rated_power_w: 2000,
        phases: [2],
        comfort: { energy_wh_per_day: 8000, not_before: "20:00", ready_by: "06:30" },
      },
      car: {
        type: "switched_load",
        relay: "r2",
        rated_power_w: 3680,
        phases: [1],
        comfort: { energy_wh_per_day: 9200, not_before: "18:15", ready_by: "07:00" },
      },
      heat_pump: {
        type: "switched_load",
        relay: "r3",
        rated_power_w: 2500,
        phases: [3],
        meter: "heat_pump",
        comfort: { max_block_s: 5400, min_free_s: 5400 },
      },
    },
    aggregator: {
      id: aggregatorId,
      gateway_id: home.site,
      broker_url: shared.brokerUrl,
      username: home.site,
      password_file: "broker-password",
      control_keys: [shared.publicJwk],
    },
    consent: { share_interval_s: 300, share_appliance_detail: true },
    settlement: {
      key: "household",
      passphrase_file: "passphrase",
      agreement_file: "agreement.json",
      ...shared.chain,
      // A development chain has too few blocks for a final one.
      finality: "latest",
      ...(shared.settling === "each by the gateway" && {
        settle_own: true,
        publish: { key: "household", passphrase_file: "passphrase" },
      }),
    },
    storage: { path: "data.db", commit_every_s: 300 },
    simulation: { clock_url: shared.clockUrl },
  };
}
