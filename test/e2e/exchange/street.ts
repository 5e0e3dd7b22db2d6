import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { openDatabase } from "../../../agent/store/open-database.ts";
import { setUpParties } from "../../../cli/demo/demo-parties.ts";
import { supervisor } from "../../../cli/demo/supervisor.ts";
import { freePorts } from "../../../cli/free-port.ts";
import { askStatus } from "../../../cli/status.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { exchangeClient } from "../../../settlement/exchange/exchange-client.ts";
import { openKeystore } from "../../../settlement/keys/keystore.ts";
import { devChainId } from "../../../simulator/chain/run-chain.ts";
import { startClockServer } from "../../../simulator/clock/clock-server.ts";
import { HouseLine } from "../../../simulator/house-line.ts";
import { scratch } from "../../fake/scratch.ts";

/** Ten in the morning of a day in June, local time. */
export const startMs = Date.parse("2026-06-10T08:00:00Z");
const warmUpMs = 15 * 60_000;
const quarterMs = 900_000;

/** What the exchange takes and gives for what is traded and not done; micro-units per kWh. The supplier's prices are 0.30 and 0.06. */
const balancing = { import: "420000", export: "40000" };

/** What a kWh out of a battery wears off, of the currency. */
export const wearPerKwh = 0.02;

/** One home: its panels, and what it drew and gave in each quarter of the days before. */
interface Home {
  site: string;
  panelsW: number;
  importWh: number;
  exportWh: number;
  /** A battery of so much, half full. */
  batteryWh?: number;
}

/**
 * A street of real processes on simulated time: a chain, an exchange, and for each home a simulated house with its agent that
 * knows the days before. `seats` are participants without a gateway, such as an aggregator.
 */
export async function exchangeStreet(homes: readonly Home[], seats: readonly string[]) {
  const folder = scratch("street");
  const clock = await startClockServer({ startMs: startMs - warmUpMs, stepMs: 10_000, socketFile: join(folder, "clock.sock") });
  const logFolder = join(folder, "log");
  mkdirSync(logFolder);
  const programs = supervisor({
    cli: "dist/main.js",
    logFolder,
    cacheFolder: join(folder, "cache"),
    onDeath: (name, by) => deaths.push(`${name} ${by}`),
    onRestart: () => undefined,
  });
  const deaths: string[] = [];
  onTestFinished(async () => {
    await programs.stop();
    await clock.close();
  });
  const nextPort = freePorts();
  const [chainPort, apiPort] = [await nextPort(), await nextPort()];
  const rpcUrl = `http://127.0.0.1:${chainPort}`;
  const placeOf = (name: string) => {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return { site: name, folder: own, keyFile: join(own, "keys", "signer.json"), passphraseFile: join(own, "passphrase") };
  };
  await programs.start({
    name: "chain",
    args: ["simulate", "chain", "--clock", clock.url, "--state", join(folder, "chain.json"), "--port", String(chainPort)],
  });
  const places = [...homes.map(({ site }) => site), ...seats].map(placeOf);
  const exchange = placeOf("exchange");
  const parties = await setUpParties({
    rpcUrl,
    startMs,
    timezone: "UTC",
    aggregator: exchange,
    homes: places,
    rewardMicro: 0n,
    homesSend: false,
  });
  const agreementOf = (site: string) => parties.agreements.get(site) ?? neverSigned(site);
  for (const { site, folder: own } of places) writeFileSync(join(own, "agreement.json"), JSON.stringify(agreementOf(site)));
  const onChain = { chain_id: devChainId, contract: parties.contract, rpc_url: rpcUrl };
  const simulation = { clock_url: clock.url };
  const steps = 96 * 2;
  writeFileSync(
    join(exchange.folder, "balancing.json"),
    JSON.stringify([
      {
        v: 1,
        currency: "EUR",
        start: "2026-06-10T00:00:00Z",
        stepS: 900,
        importPerKwh: Array.from({ length: steps }, () => balancing.import),
        exportPerKwh: Array.from({ length: steps }, () => balancing.export),
      },
    ]),
  );
  const exchangeFile = join(exchange.folder, "exchange.yaml");
  writeFileSync(
    exchangeFile,
    stringify({
      version: 1,
      id: "exchange",
      exchange: {
        participants: Object.fromEntries(
          places.map(({ site, folder: own }) => [site, { agreement_file: join(own, "agreement.json") }]),
        ),
        fee_micro_per_kwh: 10_000,
        balancing_prices_file: "balancing.json",
        settlement: { key: "signer", passphrase_file: "passphrase", ...onChain, epoch_s: 900, settle_days: 0, final_after: 0 },
        http: { listen: `127.0.0.1:${apiPort}` },
      },
      storage: { path: "exchange.db" },
      simulation,
    }),
  );
  const url = `http://127.0.0.1:${apiPort}`;
  await programs.start({ name: "exchange", args: ["market", "exchange", "run", "-c", exchangeFile] });
  const houses = new Map<string, HouseLine>();
  const startHome = async (home: Home, index: number): Promise<void> => {
    const { folder: own } = placeOf(home.site);
    remember(join(own, "data.db"), home);
    const [p1Port, modbusPort] = [await nextPort(), await nextPort()];
    const options = {
      "--name": `house-${home.site}`,
      "--clock": clock.url,
      "--seed": String(40 + index),
      "--panels": String(home.panelsW),
      "--battery": String(home.batteryWh ?? 0),
      "--p1-port": String(p1Port),
      "--modbus-port": String(modbusPort),
      "--every": "30",
    };
    await programs.start({
      name: `house-${home.site}`,
      args: ["simulate", "house", ...Object.entries(options).flat()],
      onLine(line) {
        const { data } = HouseLine.safeParse(line);
        if (data) houses.set(home.site, data);
      },
    });
    const file = join(own, "agent.yaml");
    writeFileSync(file, stringify(agentYaml(home, { p1Port, modbusPort }, { url, onChain, simulation })));
    await programs.start({ name: home.site, args: ["agent", "run", "-c", file] });
  };
  await Promise.all(homes.map(startHome));
  const chain = chainClient({ rpcUrl, chainId: devChainId, contract: parties.contract });
  onTestFinished(() => chain.close());
  return {
    clock,
    chain,
    rpcUrl,
    url,
    exchangeFile,
    deaths,
    /** A participant's own line to the exchange, with its key. */
    async seat(site: string) {
      const { keyFile, passphraseFile } = placeOf(site);
      const signer = await openKeystore(keyFile, readFileSync(passphraseFile, "utf8").trim());
      const { agreement } = agreementOf(site);
      return { agreement, signer, client: exchangeClient(url, { agreement, signer, clock }) };
    },
    status: (site: string) => askStatus(join(folder, site, "agent.sock")),
    /** What a home's house has said of itself last. */
    houseOf: (site: string): HouseLine | undefined => houses.get(site),
    databaseOf: (site: string): string => join(folder, site, "data.db"),
    logTails: () =>
      readdirSync(logFolder).flatMap((name) => {
        const lines = readFileSync(join(logFolder, name), "utf8").trim().split("\n");
        return lines
          .filter((line) => /"level":"?(warn|error|40|50)/.test(line))
          .slice(-4)
          .map((line) => `${name}: ${line.slice(0, 400)}`);
      }),
  };
}

function neverSigned(site: string): never {
  throw new Error(`nobody signed for ${site}`);
}

/** The database of an agent that has run for ten days. */
function remember(file: string, { importWh, exportWh }: Home): void {
  const db = openDatabase(file);
  const from = startMs - 10 * 86_400_000;
  const slots = Array.from({ length: (startMs - 2 * quarterMs - from) / quarterMs }, (_, at) => from + at * quarterMs);
  const meters = meterStore(db);
  for (const [register, wh] of [
    ["import", importWh],
    ["export", exportWh],
  ] as const)
    meters.addSlots(
      slots.map((start) => ({
        meter: "grid",
        register,
        startMs: start,
        endMs: start + quarterMs,
        wh,
        quality: "valid" as const,
        clockSynced: true,
      })),
    );
  db.close();
}

function agentYaml(
  home: Home,
  ports: { p1Port: number; modbusPort: number },
  given: { url: string; onChain: object; simulation: object },
): object {
  return {
    version: 1,
    site: {
      name: home.site,
      timezone: "UTC",
      currency: "EUR",
      slot_minutes: 15,
      grid: {
        phases: 3,
        fuse_a: 25,
        max_import_w: 17_250,
        ...(home.batteryWh && { max_export_w: 8000, random_delay_s: 0, max_ramp_w_per_min: 100_000 }),
      },
    },
    buses: {
      p1: { type: "tcp", host: "127.0.0.1", port: ports.p1Port },
      ...(home.batteryWh && { house: { type: "modbus_tcp", host: "127.0.0.1", port: ports.modbusPort } }),
    },
    ...(home.batteryWh && {
      appliances: {
        battery: {
          type: "battery",
          driver: "sunspec_battery",
          bus: "house",
          unit_id: 4,
          capacity_wh: home.batteryWh,
          min_soc_percent: 10,
          max_charge_w: 3000,
          max_discharge_w: 3000,
          grid_charging: true,
          wear_per_kwh: wearPerKwh,
        },
      },
    }),
    meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
    prices: {
      provider: { name: "static", prices: [{ price: "0.30" }] },
      tariff: [{ valid_from: "2020-01-01", export: { share_percent: "20" } }],
    },
    settlement: {
      key: "signer",
      passphrase_file: "passphrase",
      agreement_file: "agreement.json",
      ...given.onChain,
      finality: "latest",
    },
    exchange: { url: given.url, name: home.site, agreement_file: "agreement.json", horizon_hours: 2 },
    storage: { path: "data.db" },
    simulation: given.simulation,
  };
}
