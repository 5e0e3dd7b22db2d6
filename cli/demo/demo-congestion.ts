import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { errorMessage } from "../../core/app-error.ts";
import { createControlKey } from "../../core/envelope.ts";
import { iso } from "../../core/clock/clock.ts";
import { localDateOf, localDayStart, localTimeOf, slotsOfLocalDay } from "../../core/slots.ts";
import { formatMicro } from "../../core/units.ts";
import { devChainId } from "../../simulator/chain/run-chain.ts";
import { checkCongestion } from "./check-congestion.ts";
import { openAuthority } from "./demo-certificates.ts";
import type { DemoFiles } from "./demo-files.ts";
import type { DemoGridTerms, KeyPlace } from "./demo-parties.ts";
import type { DemoPart, PartWorld } from "./demo-part.ts";

const operatorDomain = "dso.example";
const aggregatorDomain = "community.example";
const point = "street";
/** What the street's cable bears for each home: less than a boiler, a car and what a house draws besides. */
const limitPerHomeW = 6500;
/** What a home may draw by its own fuse. */
const fuseW = 17_250;
const prices = { reservePerKwh: "1000000", penaltyPerKwh: "300000" };
const slotMinutes = 15;
const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Where the market's day begins an hour after the demo's day of service: a whole one, and the eve on which it is dealt in. */
const timezone = "Etc/GMT-12";
/** From the begin of the day of service. */
const prognosesAfterMs = 15 * minuteMs;

/** The grid operator's local day that is dealt in. @param startMs when the day of service begins */
export function congestionDayMs(startMs: number): { date: string; startMs: number; endMs: number } {
  const date = localDateOf(startMs + dayMs / 2, timezone);
  const beginsMs = localDayStart(date, timezone) ?? startMs;
  return { date, startMs: beginsMs, endMs: beginsMs + dayMs };
}

/** Where the grid operator keeps its key for the chain, and what it agrees on with the aggregator. */
export function gridOperatorKeys({ folder, homes }: Pick<DemoFiles, "folder" | "homes">): KeyPlace & { terms: DemoGridTerms } {
  const own = join(folder, "grid-operator");
  const importLimitW = homes.length * fuseW;
  return {
    keyFile: join(own, "keys", "grid-operator.json"),
    passphraseFile: join(own, "passphrase"),
    terms: {
      timezone,
      feeders: [{ feeder: point, importLimitW, day: [], charges: [], availabilityPerDay: "0" }],
      orders: prices,
    },
  };
}

/** A grid operator whose cable cannot bear what all homes would draw in the cheapest hours. @param ports of both endpoints */
export async function demoCongestion(world: PartWorld, ports: { operator: number; aggregator: number }): Promise<DemoPart> {
  const { files, parties, programs, api, rpcUrl, clock } = world;
  const own = join(files.folder, "grid-operator");
  const meteredFolder = join(own, "metered");
  const day = congestionDayMs(world.startMs);
  const limitW = limitPerHomeW * files.homes.length;
  const gate = (minutes: number): string => localTimeOf(world.startMs + minutes * minuteMs, timezone);
  mkdirSync(meteredFolder, { recursive: true, mode: 0o700 });
  const authority = openAuthority(own);
  const agreementFile = join(own, "agreement.json");
  writeFileSync(agreementFile, JSON.stringify(parties.gridAgreement), { mode: 0o600 });
  const sides = {
    operator: { folder: own, domain: operatorDomain },
    aggregator: { folder: files.aggregator.folder, domain: aggregatorDomain },
  };
  const operator = await endpointFiles(sides.operator);
  const aggregator = await endpointFiles(sides.aggregator);

  async function endpointFiles({ folder, domain }: { folder: string; domain: string }) {
    const { certFile, keyFile } = authority.issue(domain, folder);
    const { privateJwk, publicJwk } = await createControlKey(`${domain}-1`);
    const [key_file, public_key_file] = [join(folder, "uftp.jwk"), join(folder, "uftp.public.jwk")];
    writeFileSync(key_file, JSON.stringify(privateJwk), { mode: 0o600 });
    writeFileSync(public_key_file, JSON.stringify(publicJwk));
    return { key_file, public_key_file, tls: { cert_file: certFile, key_file: keyFile, ca_file: authority.caFile } };
  }
  const marketYaml = {
    domain: operatorDomain,
    timezone,
    listen: `127.0.0.1:${ports.operator}`,
    tls: operator.tls,
    key_file: operator.key_file,
    flexibility: {
      slot_minutes: slotMinutes,
      grid: [{ name: point, import_limit_w: limitW }],
      participants: {
        [aggregatorDomain]: {
          url: `https://127.0.0.1:${ports.aggregator}`,
          public_key_file: aggregator.public_key_file,
          agreement_file: agreementFile,
          points: { [point]: {} },
        },
      },
      gates: { prognoses: gate(20), rounds: gate(50), clear: gate(55), reprognoses: gate(58) },
      // A round takes two steps of the simulated time.
      answer_s: 120,
      reserve_micro_per_kwh: Number(prices.reservePerKwh),
      penalty_micro_per_kwh: Number(prices.penaltyPerKwh),
      metered_folder: meteredFolder,
    },
    settlement: {
      key: "grid-operator",
      passphrase_file: "passphrase",
      chain_id: devChainId,
      contract: parties.contract,
      rpc_url: rpcUrl,
    },
    storage: { path: "market.db" },
    simulation: { clock_url: clock.url },
  };
  let unmetered: string[] = [];
  const orders = () => api.flexOrders(iso(day.startMs), iso(day.endMs));
  return {
    homeSections: () => ({}),
    aggregatorSections: () => ({
      feeders: { [point]: { import_limit_w: files.homes.length * fuseW, sites: files.homes.map(({ site }) => site) } },
      market: {
        domain: aggregatorDomain,
        listen: `127.0.0.1:${ports.aggregator}`,
        tls: aggregator.tls,
        key_file: aggregator.key_file,
        operator: {
          domain: operatorDomain,
          url: `https://127.0.0.1:${ports.operator}`,
          public_key_file: operator.public_key_file,
          agreement_file: agreementFile,
        },
        timezone,
        points: { [point]: { feeder: point } },
        prognosis_at: localTimeOf(world.startMs + prognosesAfterMs, timezone),
      },
    }),
    async start() {
      const file = join(own, "market.yaml");
      writeFileSync(file, stringify(marketYaml), { mode: 0o640 });
      await programs.start({ name: "grid-operator", args: ["market", "run", "-c", file] });
    },
    async line() {
      const [session] = await api.flexSessions();
      const [order] = await orders();
      if (!session && !order) return null;
      const plannedW = Math.max(0, ...(session?.prognosisW ?? []));
      const told = session ? `, plans came to ${plannedW} W, ${session.answered} requests answered` : "";
      const came = order?.net === null || order?.net === undefined ? "" : `, settled for ${formatMicro(BigInt(order.net))} EUR`;
      const bought = order
        ? ` · ${order.askedWh} Wh ordered for ${formatMicro(BigInt(order.price))} EUR (${order.state})${came}`
        : "";
      return `grid operator: ${limitW} W for the street${told}${bought}`;
    },
    async dayIsOver() {
      try {
        const metered = [{ participant: aggregatorDomain, point, wh: meteredWh() }];
        writeFileSync(join(meteredFolder, `${day.date}.json`), JSON.stringify(metered));
      } catch (error) {
        unmetered = [`the street's day was not metered: ${errorMessage(error)}`];
      }
    },
    async check() {
      const chain = { rpcUrl, chainId: devChainId, contract: parties.contract };
      const found = await checkCongestion({ marketYaml, folder: own, day, participant: aggregatorDomain, limitW, api, chain });
      return { ...found, missed: [...unmetered, ...found.missed] };
    },
  };

  /** What a meter operator would read: the meters of the homes, which their gateways keep. @throws where a slot is missing */
  function meteredWh(): number[] {
    const slots = slotsOfLocalDay(day.date, timezone, slotMinutes);
    const sums = slots.map(() => 0);
    for (const { site, folder } of files.homes) {
      const db = openDatabase(join(folder, "data.db"));
      try {
        const read = (register: "import" | "export") =>
          new Map(
            meterStore(db)
              .slots("grid", register, day.startMs, day.endMs)
              .map((slot) => [slot.startMs, slot.wh]),
          );
        const [taken, given] = [read("import"), read("export")];
        for (const [index, { startMs }] of slots.entries()) {
          const wh = taken.get(startMs);
          if (wh === undefined) throw new Error(`the meter of ${site} has no value for ${iso(startMs)}`);
          sums[index] = (sums[index] ?? 0) + wh - (given.get(startMs) ?? 0);
        }
      } finally {
        db.close();
      }
    }
    return sums;
  }
}
