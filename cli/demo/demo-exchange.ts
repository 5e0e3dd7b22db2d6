import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { iso } from "../../core/clock/clock.ts";
import { formatMicro } from "../../core/units.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { type ExchangeClient, exchangeClient } from "../../settlement/exchange/exchange-client.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import { devChainId } from "../../simulator/chain/run-chain.ts";
import { askStatus } from "../status.ts";
import { checkSettlements } from "./check-settlements.ts";
import type { DemoFiles, HomeFiles } from "./demo-files.ts";
import type { KeyPlace } from "./demo-parties.ts";
import type { DemoPart, PartResult, PartWorld } from "./demo-part.ts";
import { rememberDays } from "./past-days.ts";

/** What the grid takes on every way; and what is taken and given for what is traded and not done. Micro-units per kWh. */
const feeMicro = 10_000;
const balancing = { import: "420000", export: "40000" };
const quarterMs = 900_000;
const dayMs = 86_400_000;

/** Peak power of each home's panels, W: one roof feeds the street. */
export function streetPanelsW(index: number): number {
  return index === 0 ? 12_000 : 0;
}

/** Seed of each home's house. */
export function houseSeed(seed: number, index: number): number {
  return seed * 100 + index;
}

/** Where the exchange keeps its key, before anything of it is there. */
export function exchangeKeys({ folder }: Pick<DemoFiles, "folder">): KeyPlace {
  const own = join(folder, "exchange");
  return { keyFile: join(own, "keys", "exchange.json"), passphraseFile: join(own, "passphrase") };
}

/** The homes' exchange: a home with panels sells what it does not need, the others buy. @param port of its API */
export function demoExchange(world: PartWorld, port: number): DemoPart {
  const { files, parties, rpcUrl, clock, startMs, seed } = world;
  const own = join(files.folder, "exchange");
  const url = `http://127.0.0.1:${port}`;
  const agreementFile = ({ folder }: HomeFiles): string => join(folder, "exchange-agreement.json");
  const signedBy = ({ site }: HomeFiles): SignedAgreement => {
    const signed = parties.exchangeAgreements.get(site);
    if (!signed) throw new Error(`${site} has no agreement with the exchange`);
    return signed;
  };
  const seatOf = async (home: HomeFiles): Promise<ExchangeClient> => {
    const signer = await openKeystore(home.keyFile, readFileSync(home.passphraseFile, "utf8").trim());
    return exchangeClient(url, { agreement: signedBy(home).agreement, signer, clock });
  };
  const writeFiles = (): void => {
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (const [index, home] of files.homes.entries()) {
      writeFileSync(agreementFile(home), JSON.stringify(signedBy(home)), { mode: 0o600 });
      const past = { seed: houseSeed(seed, index), panelsW: streetPanelsW(index), untilMs: startMs - 2 * quarterMs };
      rememberDays(join(home.folder, "data.db"), past);
    }
    const steps = Array.from({ length: (2 * dayMs) / quarterMs });
    const series = {
      v: 1,
      currency: "EUR",
      start: iso(startMs - 4 * quarterMs),
      stepS: quarterMs / 1000,
      importPerKwh: steps.map(() => balancing.import),
      exportPerKwh: steps.map(() => balancing.export),
    };
    writeFileSync(join(own, "balancing.json"), JSON.stringify([series]));
    writeFileSync(join(own, "exchange.yaml"), stringify(exchangeYaml(world, { port, agreementFile })), { mode: 0o640 });
  };
  return {
    homeSections: (home) => ({ exchange: { url, name: home.site, agreement_file: agreementFile(home), horizon_hours: 1 } }),
    aggregatorSections: () => ({ exchange: { url, sites: files.homes.map(({ site }) => site) } }),
    async start() {
      writeFiles();
      const args = ["market", "exchange", "run", "-c", join(own, "exchange.yaml")];
      await world.programs.start({ name: "exchange", args });
    },
    async line() {
      const [first] = files.homes;
      if (!first) return null;
      const results = await (await seatOf(first)).results(startMs);
      const traded = results.filter(({ volumeWh }) => volumeWh > 0);
      const last = traded.at(-1)?.zones[0]?.sell;
      const states = await Promise.all(files.homes.map(({ socketFile }) => askStatus(socketFile)));
      const signed = states.reduce((sum, { exchange }) => sum + (exchange?.signed ?? 0), 0);
      const volumeWh = traded.reduce((sum, one) => sum + one.volumeWh, 0);
      const price = last === null || last === undefined ? "" : `, the last at ${formatMicro(BigInt(last))} EUR/kWh`;
      return `exchange: ${volumeWh} Wh traded in ${traded.length} auctions${price} · ${signed} records signed by homes`;
    },
    async check() {
      const seats = new Map<string, ExchangeClient>();
      for (const home of files.homes) seats.set(home.site, await seatOf(home));
      return checked(seats, { rpcUrl, contract: parties.contract });
    },
  };
}

function exchangeYaml(
  { files, parties, rpcUrl, clock }: PartWorld,
  { port, agreementFile }: { port: number; agreementFile: (home: HomeFiles) => string },
): object {
  return {
    version: 1,
    id: "exchange",
    exchange: {
      participants: Object.fromEntries(
        files.homes.map((home) => [home.site, { agreement_file: agreementFile(home), supplier: parties.aggregator }]),
      ),
      fee_micro_per_kwh: feeMicro,
      balancing_prices_file: "balancing.json",
      // Once in a slot is often enough to show, and quick.
      auction_every_s: 900,
      settlement: {
        key: "exchange",
        passphrase_file: "passphrase",
        chain_id: devChainId,
        contract: parties.contract,
        rpc_url: rpcUrl,
        epoch_s: 3600,
        settle_days: 0,
        // The demo's chain takes nothing back.
        final_after: 0,
      },
      http: { listen: `127.0.0.1:${port}` },
    },
    storage: { path: "exchange.db" },
    simulation: { clock_url: clock.url },
  };
}

/** Verifies every record of the homes with the exchange that is on the chain. */
async function checked(
  seats: ReadonlyMap<string, ExchangeClient>,
  { rpcUrl, contract }: { rpcUrl: string; contract: string },
): Promise<PartResult> {
  const missed: string[] = [];
  /** Energy by the hash of the trade, which both its records carry. */
  const trades = new Map<string, number>();
  const chain = chainClient({ rpcUrl, chainId: devChainId, contract });
  const bundles = new Map<string, Bundle>();
  for (const [site, seat] of seats) {
    const records = await seat.records();
    const disputed = records.filter(({ state }) => state === "disputed").length;
    if (disputed > 0) missed.push(`${site} disputes ${disputed} records of the exchange`);
    for (const { seq } of records.filter(({ state }) => state === "cosigned")) {
      const bundle = await seat.bundle(seq);
      if (!bundle.inclusion) continue;
      bundles.set(`${site} ${seq}`, bundle);
      if (bundle.record.kind === "trade") trades.set(bundle.record.ref, bundle.record.wh);
    }
  }
  const lines = [...bundles].map(([key, { record }]) => ({ site: key.split(" ")[0] ?? "", seq: record.seq }));
  const bundleOf = (site: string, seq: number): Promise<unknown> => Promise.resolve(bundles.get(`${site} ${seq}`));
  const { onChain, verified, problems, tamperedRejected } = await checkSettlements(lines, bundleOf, chain).finally(() =>
    chain.close(),
  );
  const tradedWh = [...trades.values()].reduce((sum, wh) => sum + wh, 0);
  // With one home there is nobody to trade with.
  if (seats.size > 1 && trades.size === 0) missed.push("no home traded at the exchange");
  if (verified !== onChain) missed.push(`not verified at the exchange: ${problems.slice(0, 3).join(" | ")}`);
  if (onChain > 0 && !tamperedRejected) missed.push("a tampered trade was not refused");
  return {
    counts: { trades: trades.size, tradeRecordsOnChain: onChain, tradeRecordsVerified: verified },
    missed,
    says: [
      `${trades.size} trades of ${tradedWh} Wh between homes at the exchange: ${onChain} records on chain, ${verified} verified`,
    ],
  };
}
