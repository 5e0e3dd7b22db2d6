import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { startAgent } from "../../agent/main.ts";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { askedAgent } from "../../cli/ask-agent.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import { encodeP1 } from "../../simulator/meter/p1-encoder.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { message, midnightMs, slotItem } from "../aggregator/rows.ts";
import { startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { registerSlave } from "../fake/register-slave.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { sunspecInverter } from "../fake/sunspec-inverter.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml } from "./gateway-yaml.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const site = "gw-battery";
const minuteMs = 60_000;
const [capacityWh, reserve, ratedW] = [10_000, 20, 4096];
/** Words of model 124 from its id: limits in force, charge state, least discharge and most charge. */
const [storCtlMod, chaState, outWRte, inWRte] = [5, 8, 12, 13];

/** W without the battery in a minute of the day: mornings and evenings draw, the roof gives from ten to three. */
function houseW(minute: number): number {
  const hour = minute / 60;
  const drawnW = (hour >= 6 && hour < 9) || (hour >= 17 && hour < 21) ? 2000 : 400;
  return drawnW - (hour >= 10 && hour < 15 ? 3000 : 0);
}
/** Cheap from one to five at night, dear in the morning and in the evening. */
function priceOf(quarter: number): number {
  const hour = quarter / 4;
  return hour >= 1 && hour < 5 ? 0.1 : (hour >= 6 && hour < 9) || (hour >= 17 && hour < 21) ? 0.6 : 0.3;
}

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

it.skipIf(!mosquitto || !openssl)(
  "charges a home's battery when it is cheap or sunny and gives in the evening, within its reserve and the feeder, and a pause at home wins (mosquitto, openssl)",
  { timeout: 180_000 },
  async () => {
    const broker = await startMosquitto({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
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
    const feederW = 2500;
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
    const [p1, inverter] = [await startP1Server(0), await inverterOf(40)];
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
    await until("the battery has a plan that it accepted", async () => {
      await minutes(1);
      return (await store.plans(site)).some(({ list, status }) => list.resource === "battery" && status === "ACCEPTED");
    });
    await minutes(240 - seen.length);
    const [night] = [seen.slice(60, 240)];
    // Cheap: it charges from the grid, held at a power by both words of the inverter, within the feeder.
    expect(Math.max(...night.map(({ batteryW }) => batteryW))).toBeGreaterThan(500);
    expect(night.some(({ mode, batteryW, reason }) => mode === 3 && batteryW > 500 && reason.startsWith("charges"))).toBe(true);
    expect(Math.max(...night.map(({ gridW }) => gridW))).toBeLessThanOrEqual(feederW + 60);
    await minutes(1440 - seen.length);
    const [sunny, evening] = [seen.slice(10 * 60, 15 * 60), seen.slice(17 * 60 + 5, 21 * 60)];
    expect((sunny.at(-1)?.percent ?? 0) - (sunny[0]?.percent ?? 0)).toBeGreaterThan(20);
    // Dear: the house draws next to nothing from the grid, and never more than the feeder has.
    const evenly = evening.reduce((sum, { gridW }) => sum + Math.max(0, gridW), 0) / evening.length;
    expect(evenly).toBeLessThan(1000);
    expect(Math.min(...evening.map(({ batteryW }) => batteryW))).toBeLessThan(-1500);
    expect(Math.min(...seen.map(({ percent }) => percent))).toBeGreaterThanOrEqual(reserve - 0.5);
    expect(Math.max(...seen.map(({ gridW }) => gridW))).toBeLessThanOrEqual(feederW + 60);
    expect(Math.min(...seen.map(({ gridW }) => gridW))).toBeGreaterThanOrEqual(-3600);

    // The second night: a resident's pause stands above the instruction, and the aggregator hears whose word it is.
    await until("it charges again", async () => {
      await minutes(1);
      return (seen.at(-1)?.batteryW ?? 0) > 500;
    });
    const untilMs = clock.now() + 30 * minuteMs;
    const body = { resource: "battery", mode: "pause", untilMs };
    await askedAgent(join(folder, "state", "agent.sock"), { method: "PUT", path: "/v1/override", body });
    await minutes(3);
    expect([inverter.words().mode, seen.at(-1)?.reason]).toEqual([0, expect.stringContaining("pause until")]);
    expect(seen.at(-1)?.batteryW).toBeLessThanOrEqual(0);
    await until("the aggregator knows", async () => {
      await minutes(1);
      return (await store.statuses(site)).some(({ override }) => override?.cause === "user" && override.mode === "pause");
    });
  },
);
