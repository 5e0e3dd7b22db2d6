import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startAggregator, type RunningAggregator } from "../../../aggregator/main.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { freePorts } from "../../../cli/free-port.ts";
import { readAggregatorConfig } from "../../../cli/read-aggregator-config.ts";
import { iso } from "../../../core/clock/clock.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey } from "../../../core/envelope.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import { localTimeOf, slotsOfLocalDay } from "../../../core/slots.ts";
import { marketConfigFromYaml } from "../../../market/config/market-config.ts";
import { MarketYaml } from "../../../market/config/schema.ts";
import { startMarket, type RunningMarket } from "../../../market/main.ts";
import { chainClient } from "../../../settlement/chain/chain-client.ts";
import { jsonRpc } from "../../../simulator/chain/json-rpc.ts";
import { anvilChainId, startAnvil } from "../../fake/anvil.ts";
import { startMosquitto } from "../../fake/mosquitto.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";
import { marketParties } from "./parties.ts";
import { baseW, streetHome, type StreetHome } from "./street-home.ts";

export const timezone = "Europe/Amsterdam";
export const homesEach = 10;
export const date = "2026-12-01";
export const operator = "dso.example";
export const aggregators = ["north", "south"] as const;
export type AggregatorName = (typeof aggregators)[number];
export const domainOfName = (name: AggregatorName): string => `${name}.example`;
export const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const day = slotsOfLocalDay(date, timezone, 15);
export const dayMs = { startMs: day[0]?.startMs ?? 0, endMs: day.at(-1)?.endMs ?? 0 };
export const reserve = 1_000_000;
export const penalty = 300_000;
/** At least so much is asked for each kWh that is moved. */
export const leastPerKwh = 100_000;

/** Cheap at noon, a little dearer until six: all cars want the same two hours. */
function series(): PriceSeries {
  const startMs = dayMs.startMs - 24 * hourMs;
  const importPerKwh = Array.from({ length: 96 * 2 }, (_, step) => {
    const hour = Number(localTimeOf(startMs + step * 900_000, timezone).slice(0, 2));
    return hour >= 12 && hour < 14 ? "200000" : hour >= 14 && hour < 18 ? "210000" : "300000";
  });
  return {
    v: 1,
    currency: "EUR",
    start: iso(startMs),
    stepS: 900,
    importPerKwh,
    exportPerKwh: importPerKwh.map(() => "50000"),
  };
}

/**
 * Two aggregators with ten homes each under one feeder of a grid operator: real programs, a real broker with TLS, a real chain, and
 * time that a test moves. It is nearly half past nine in the evening before.
 */
export async function congestedStreet(peers: { mosquitto: string; openssl: string }, limitW: number, homesOfEach = homesEach) {
  const folder = scratch("street");
  const clock = fakeClock(dayMs.startMs - 2.55 * hourMs);
  const log = silentLog();
  const broker = await startMosquitto(peers);
  onTestFinished(() => broker.stop());
  const anvil = await startAnvil({ timestamp: clock.now() / 1000 });
  onTestFinished(() => anvil.stop());
  const parties = await marketParties(anvil.url);
  const chain = chainClient({ rpcUrl: anvil.url, chainId: anvilChainId, contract: parties.contract });
  onTestFinished(() => chain.close());
  const at = (name: string): string => {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    return own;
  };
  const settlement = {
    key: "own",
    passphrase_file: "passphrase",
    chain_id: anvilChainId,
    contract: parties.contract,
    rpc_url: anvil.url,
  };
  const keysOf = async (name: string) => {
    const { privateJwk, publicJwk } = await createControlKey(`${name}-1`);
    writeFileSync(join(at(name), "uftp.json"), JSON.stringify(privateJwk));
    writeFileSync(join(folder, `${name}.public.json`), JSON.stringify(publicJwk));
  };
  const tlsOf = (domain: string) => {
    const { certFile, keyFile } = broker.authority.issue(domain, ["IP:127.0.0.1", `DNS:${domain}`]);
    return { cert_file: certFile, key_file: keyFile, ca_file: broker.authority.caFile };
  };
  const dso = await parties.enter(at("dso"));
  await keysOf("dso");
  const prices = series();
  const nextPort = freePorts();
  const [dsoPort, ...ports] = [await nextPort(), await nextPort(), await nextPort()];
  const homes = new Map<AggregatorName, StreetHome[]>();
  const files = new Map<AggregatorName, string>();
  const urlOf = (port: number): string => `https://127.0.0.1:${port}`;
  const brokerUser = broker.certificateOf("aggregator");
  for (const [index, name] of aggregators.entries()) {
    const own = at(name);
    const party = await parties.enter(own, parties.dev(3 + index));
    await keysOf(name);
    const contract = await parties.withOperator(party, dso, dayMs.startMs, timezone, {
      reservePerKwh: String(reserve),
      penaltyPerKwh: String(penalty),
    });
    writeFileSync(join(folder, `${name}-contract.json`), JSON.stringify(contract));
    const control = await createControlKey(`${name}-control`);
    writeFileSync(join(own, "control.json"), JSON.stringify(control.privateJwk));
    writeFileSync(join(own, "prices.json"), JSON.stringify([prices]));
    const { kid, key } = await importControlKey(control.publicJwk);
    const mine: StreetHome[] = [];
    const history = await openStore({ engine: "sqlite", file: join(own, "data.db") });
    for (let number = 1; number <= homesOfEach; number += 1) {
      const site = `${name}-${number}`;
      const seed = number + index * 3;
      const household = await parties.enter();
      const signed = await parties.withHome(party, household, site, dayMs.startMs, timezone);
      writeFileSync(join(own, `${site}.json`), JSON.stringify(signed));
      await history.ingest(site, pastOf(seed, clock.now()));
      mine.push(
        await streetHome({
          aggregator: name,
          site,
          seed,
          timezone,
          url: broker.url,
          caFile: broker.authority.caFile,
          certificate: broker.certificateOf(site),
          keys: new Map([[kid, key]]),
          agreement: signed.agreement,
          signer: household.signer,
          chain,
          series: prices,
          now: () => clock.now(),
        }),
      );
    }
    await history.close();
    onTestFinished(async () => void (await Promise.all(mine.map((home) => home.stop()))));
    homes.set(name, mine);
    const file = join(own, "aggregator.yaml");
    files.set(name, file);
    writeFileSync(
      file,
      stringify({
        version: 1,
        id: name,
        broker: {
          url: broker.url,
          ca_file: broker.authority.caFile,
          cert_file: brokerUser.certFile,
          key_file: brokerUser.keyFile,
        },
        control_key_file: "control.json",
        sites: Object.fromEntries(mine.map(({ site }) => [site, { agreement_file: `${site}.json` }])),
        prices_file: "prices.json",
        plan: { threads: 0, every_s: 7200 },
        feeders: { street: { import_limit_w: 200_000, timezone, sites: mine.map(({ site }) => site) } },
        flexibility: { worth_file: "prices.json" },
        settlement: { ...settlement, epoch_s: 900, settle_days: 0, final_after: 0 },
        market: {
          domain: domainOfName(name),
          listen: `127.0.0.1:${ports[index] ?? 0}`,
          tls: tlsOf(domainOfName(name)),
          key_file: "uftp.json",
          operator: {
            domain: operator,
            url: urlOf(dsoPort),
            public_key_file: join(folder, "dso.public.json"),
            agreement_file: join(folder, `${name}-contract.json`),
          },
          timezone,
          points: { "feeder-7": { feeder: "street" } },
          prognosis_at: "21:30",
          least_price_micro_per_kwh: leastPerKwh,
        },
        storage: { path: "data.db" },
        http: { listen: "127.0.0.1:0", open: true },
      }),
    );
  }
  const marketYaml = MarketYaml.parse({
    domain: operator,
    timezone,
    listen: `127.0.0.1:${dsoPort}`,
    tls: tlsOf(operator),
    key_file: "uftp.json",
    flexibility: {
      grid: [
        { name: "station", kind: "transformer", import_limit_w: 400_000 },
        { name: "feeder-7", above: "station", import_limit_w: limitW },
      ],
      participants: Object.fromEntries(
        aggregators.map((name, index) => [
          domainOfName(name),
          {
            url: urlOf(ports[index] ?? 0),
            public_key_file: join(folder, `${name}.public.json`),
            agreement_file: join(folder, `${name}-contract.json`),
            points: { "feeder-7": {} },
          },
        ]),
      ),
      gates: { prognoses: "22:00", rounds: "22:20", clear: "22:40", reprognoses: "23:00" },
      reserve_micro_per_kwh: reserve,
      penalty_micro_per_kwh: penalty,
      metered_folder: "metered",
    },
    settlement,
    storage: { path: "data.db" },
  });
  const running = new Map<AggregatorName, RunningAggregator>();
  const all = (): StreetHome[] => [...homes.values()].flat();
  const start = async (name: AggregatorName): Promise<void> => {
    const config = readAggregatorConfig(files.get(name) ?? "");
    running.set(name, await startAggregator({ config, clock, log, version: "1.2.3" }));
  };
  const marketConfig = marketConfigFromYaml(marketYaml, at("dso"));
  let market: RunningMarket = await startMarket({ config: marketConfig, clock, log });
  for (const name of aggregators) await start(name);
  onTestFinished(async () => {
    await market.stop();
    await Promise.all([...running.values()].map((one) => one.stop()));
    parties.close();
  });
  const settleDown = async (): Promise<void> => {
    const served = [...running.keys()].flatMap((name) => homes.get(name) ?? []);
    await until("all that homes told has its receipt", () => served.every((home) => home.waiting() === 0), 30_000);
    await Promise.all(served.map((home) => home.idle()));
  };
  return {
    clock,
    log,
    chain,
    all,
    session: () => market.sessions().get(date)?.session(),
    async restartMarket() {
      await market.stop();
      market = await startMarket({ config: marketConfig, clock, log });
    },
    /** Takes an aggregator away. */
    async stop(name: AggregatorName) {
      await running.get(name)?.stop();
      running.delete(name);
    },
    async restart(name: AggregatorName) {
      await running.get(name)?.stop();
      await start(name);
    },
    async get<T>(name: AggregatorName, path: string): Promise<T> {
      const response = await fetch(`${running.get(name)?.apiUrl}${path}`);
      return (await response.json()) as T;
    },
    post: async (name: AggregatorName, path: string): Promise<number> =>
      (await fetch(`${running.get(name)?.apiUrl}${path}`, { method: "POST" })).status,
    settleDown,
    /** Time goes on in steps, and each home lives and is heard in each. */
    async goTo(atMs: number, stepMs: number): Promise<void> {
      while (clock.now() < atMs) {
        await clock.advance(Math.min(stepMs, atMs - clock.now()));
        for (const home of all()) home.live();
        await settleDown();
      }
    },
    /** Block time follows. */
    async mine(): Promise<void> {
      await jsonRpc(anvil.url, "evm_setNextBlockTimestamp", [Math.floor(clock.now() / 1000)]).catch(() => undefined);
      await jsonRpc(anvil.url, "evm_mine", []);
    },
    /** What the meter operator says of the day. */
    meter(): void {
      mkdirSync(join(at("dso"), "metered"), { recursive: true });
      const wh = (name: AggregatorName): number[] =>
        day.map(({ startMs }) => (homes.get(name) ?? []).reduce((sum, home) => sum + (home.gridWh.get(startMs) ?? 0), 0));
      writeFileSync(
        join(at("dso"), "metered", `${date}.json`),
        JSON.stringify(aggregators.map((name) => ({ participant: domainOfName(name), point: "feeder-7", wh: wh(name) }))),
      );
    },
    /** What the feeder carried, W a slot. */
    feederW: (): number[] => day.map(({ startMs }) => all().reduce((sum, home) => sum + (home.gridWh.get(startMs) ?? 0), 0) * 4),
  };
}

/** Days of a house without a car. */
function pastOf(seed: number, untilMs: number) {
  const endMs = Math.floor(untilMs / 900_000) * 900_000;
  const days = 5;
  const items = Array.from({ length: days * 96 }, (_, index) => {
    const startMs = endMs - (days * 96 - index) * 900_000;
    return {
      kind: "slot" as const,
      seq: index + 1,
      meter: "grid",
      role: "grid" as const,
      register: "import" as const,
      start: iso(startMs),
      end: iso(startMs + 900_000),
      wh: Math.round(baseW(seed, startMs, timezone) / 4),
      quality: "valid" as const,
      clockSynced: true,
    };
  });
  return { v: 1 as const, boot: "11111111-1111-4111-8111-111111111111", items };
}
