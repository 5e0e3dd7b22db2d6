import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { startAgent } from "../../agent/main.ts";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import { encodeP1 } from "../../simulator/meter/p1-encoder.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { message, midnightMs, slotItem } from "../aggregator/rows.ts";
import { startMosquitto } from "../fake/mosquitto.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { sunspecInverter } from "../fake/sunspec-inverter.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml } from "./gateway-yaml.ts";

const minuteMs = 60_000;
/** Words of model 124 from its id: limits in force, charge state, least discharge and most charge. */
const [storCtlMod, chaState, outWRte, inWRte] = [5, 8, 12, 13];
/** Of the battery: Wh, what it keeps by itself in percent, and W. */
export const [capacityWh, reserve, ratedW] = [10_000, 20, 4096];

/** A battery of 10 kWh behind an inverter, as its registers have it; by itself it evens out the house down to its reserve. */
async function inverterOf(fillPercent: number) {
  const image = sunspecInverter({ words: { 124: { 2: ratedW, [chaState]: fillPercent * 100 } } });
  const { state } = await registerSlave(1, { holding: image.holding });
  const control = image.at(124);
  const signed = (offset: number): number => ((state.holding.get(control + offset) ?? 0) << 16) >> 16;
  let wh = (capacityWh * fillPercent) / 100;
  return {
    port: state.port,
    percent: () => (wh / capacityWh) * 100,
    words: () => ({ mode: signed(storCtlMod) & 3, out: signed(outWRte), in: signed(inWRte) }),
    /** A minute of it; W taken from the house. */
    run(besideW: number): number {
      const byItself = (signed(storCtlMod) & 3) === 0;
      const wished = byItself ? Math.max(-ratedW, Math.min(ratedW, -besideW)) : (signed(inWRte) / 10_000) * ratedW;
      const floorWh = byItself ? (capacityWh * reserve) / 100 : 0;
      const most = ((capacityWh - wh) / 0.95) * 60;
      const least = -(Math.max(0, wh - floorWh) * 0.95) * 60;
      const powerW = Math.max(least, Math.min(most, wished));
      wh += (powerW / 60) * (powerW > 0 ? 0.95 : 1 / 0.95);
      state.holding.set(control + chaState, Math.round((wh / capacityWh) * 10_000));
      return powerW;
    },
  };
}

/**
 * A home with a battery behind an inverter, its agent and its aggregator, over a real broker; time goes on minute by minute.
 * @param home.houseW W without the battery, by minute of the day
 * @param home.priceOf money per kWh, by quarter of the day
 * @param home.before what is done in the home's folder before its agent starts
 */
export async function batteryHome(
  peers: { mosquitto: string; openssl: string },
  home: {
    site: string;
    fillPercent: number;
    feederW: number;
    houseW: (minute: number) => number;
    priceOf: (quarter: number) => number;
    more?: object;
    before?: (folder: string) => void;
  },
) {
  const { site, houseW, priceOf, feederW } = home;
  const broker = await startMosquitto(peers);
  onTestFinished(() => broker.stop());
  const folder = scratch("battery");
  const clock = fakeClock(midnightMs);
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const { certFile, keyFile } = broker.certificateOf("aggregator");
  writeFileSync(join(folder, "control.json"), JSON.stringify(privateJwk));
  const quarters = Array.from({ length: 160 }, (_, at) => at);
  const prices = {
    v: 1,
    currency: "EUR",
    start: new Date(midnightMs).toISOString(),
    stepS: 900,
    importPerKwh: quarters.map((at) => String(Math.round(priceOf(at % 96) * 1e6))),
    exportPerKwh: quarters.map(() => "40000"),
  };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  const config = aggregatorConfigFromYaml(
    AggregatorYaml.parse({
      version: 1,
      id: "community",
      broker: { url: broker.url, ca_file: broker.authority.caFile, cert_file: certFile, key_file: keyFile },
      control_key_file: "control.json",
      sites: { [site]: {} },
      feeders: { elm: { import_limit_w: feederW, sites: [site] } },
      prices_file: "prices.json",
      plan: { every_s: 900, slot_minutes: 15 },
      storage: { path: "data.db" },
      http: { listen: "127.0.0.1:0", open: true },
    }),
    folder,
  );
  const store = await openStore(config.database);
  onTestFinished(() => store.close());
  // Four days of the same habits are known already; the battery was not there then.
  for (const day of [4, 3, 2, 1])
    for (const register of ["import", "export"] as const) {
      const items = Array.from({ length: 96 }, (_, quarter) => {
        const watts = houseW(quarter * 15) * (register === "import" ? 1 : -1);
        return slotItem(day * 1000 + (register === "import" ? 0 : 500) + quarter, quarter - 96 * day, Math.max(0, watts) / 4, {
          register,
        });
      });
      await store.ingest(site, message(items));
    }
  const aggregator = await startAggregator({ config, clock, log: silentLog(), version: "0" });
  onTestFinished(() => aggregator.stop());
  const [p1, inverter] = [await startP1Server(0), await inverterOf(home.fillPercent)];
  onTestFinished(() => p1.close());
  const bus = { type: "tcp", host: "127.0.0.1", port: p1.port };
  const more = {
    site: {
      name: "Battery home",
      timezone: "Europe/Amsterdam",
      currency: "EUR",
      grid: { phases: 1, fuse_a: 40, max_import_w: 9000, max_export_w: 3500, random_delay_s: 0, max_ramp_w_per_min: 100_000 },
    },
    buses: { p1: bus, store: { type: "modbus_tcp", host: "127.0.0.1", port: inverter.port } },
    ...home.more,
    appliances: {
      battery: {
        type: "battery",
        driver: "sunspec_battery",
        bus: "store",
        unit_id: 1,
        capacity_wh: capacityWh,
        min_soc_percent: reserve,
        max_charge_w: 4000,
        max_discharge_w: 4000,
        grid_charging: true,
      },
    },
  };
  writeFileSync(join(folder, "agent.yaml"), gatewayYaml({ site, bus, broker, controlKeys: [publicJwk], more }));
  home.before?.(folder);
  const agent = await startAgent({ config: readAgentConfig(join(folder, "agent.yaml")), clock, log: silentLog() });
  onTestFinished(() => agent.stop().catch(() => undefined));
  await until("agent, meter and broker are connected", () => p1.clients() === 1 && agent.status().connected);

  let [importWh, exportWh] = [1_000_000, 500_000];
  const seen: { percent: number; gridW: number; batteryW: number; mode: number; reason: string }[] = [];
  /** A minute of the house: the battery as its registers tell it, a telegram of the meter, and time. */
  const minutes = async (count: number): Promise<void> => {
    for (let turned = 0; turned < count; turned++) {
      const besideW = houseW(seen.length % 1440);
      const batteryW = inverter.run(besideW);
      const gridW = Math.round(besideW + batteryW);
      importWh += Math.max(0, gridW) / 60;
      exportWh += Math.max(0, -gridW) / 60;
      const before = agent.status().readings;
      p1.send(
        encodeP1({
          ident: "SIM5\\2SMA-0042",
          meterId: "SIM000042",
          gasId: "SIMGAS000042",
          atS: Math.floor(clock.now() / 1000),
          offsetS: 3600,
          tariff: 2,
          importWh: [0, Math.floor(importWh)],
          exportWh: [0, Math.floor(exportWh)],
          powerW: gridW,
          phases: [{ voltageV: 230, powerW: gridW }],
          gasDm3: 123_456,
        }),
      );
      await until("the telegram was read", () => agent.status().readings > before);
      await clock.advance(minuteMs);
      await turn();
      const { reason = "" } = agent.status().appliances.find(({ name }) => name === "battery") ?? {};
      seen.push({ percent: inverter.percent(), gridW, batteryW, mode: inverter.words().mode, reason });
    }
  };
  return { folder, store, clock, agent, inverter, seen, minutes };
}
