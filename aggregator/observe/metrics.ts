import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { InstructionAck } from "../../core/message/instruction.ts";
import type { Measurements } from "../../core/message/measurements.ts";
import type { ResourceStatus } from "../../core/message/resource.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import type { RetainedKind } from "../retain/retention.ts";
import type { Ingested } from "../store/aggregator-store.ts";
import type { DisputeSource } from "../store/dispute-store.ts";
import type { Spent } from "../store/spend-store.ts";
import { boundedMap } from "./bounded-map.ts";

/**
 * Figures of the running aggregator in the form of Prometheus. Labels never name a household: whoever may look at a
 * dashboard need not be one who may look into homes.
 */
export interface Metrics {
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  contentType: string;
  /** A message of a home, by the first part of its topic. */
  message(site: string, rest: string, atMs: number): void;
  /** A message to a home is with the broker, or could not be handed to it. */
  sent(site: string, type: string, isSent: boolean, atMs: number): void;
  rows(site: string, message: Measurements, ingested: Ingested): void;
  status(site: string, status: ResourceStatus): void;
  /** A plan was worked out: of a home alone, or of all homes of a feeder. */
  worked(what: "home" | "feeder", seconds: number): void;
  /** What came of a plan for a feeder: kept, with a shortfall, or ended because time was up. */
  planEnded(how: { status: "kept" | "shortfall"; stopped: boolean; curtailedWh: number }): void;
  /**
   * How far forecasts were off on their last known day, on the mean of homes and appliances: mean of |q50 - metered|, W, and the
   * Brier score of presence; null where none can tell.
   */
  foretold(errors: Record<ForetoldPower, number | null> & { presenceBrier: number | null }): void;
  planned(plan: string, atMs: number): void;
  answered(plan: string, status: InstructionAck["status"], atMs: number): void;
  record(state: "proposed" | "cosigned" | "disputed", record: RecordWire): void;
  dispute(source: DisputeSource): void;
  epoch(epoch: number): void;
  spent(spent: Spent): void;
  /** A round of a grid operator was answered. */
  flexAnswered(seconds: number): void;
  /** Flexibility was ordered, for micro-units. */
  flexOrdered(price: bigint): void;
  /** What an order came to, micro-units; null where it is disputed. */
  flexSettled(netMicro: bigint | null): void;
  database(ms: number): void;
  /** @param waitsMs how long the oldest of what homes sent or are to hear has waited for the database, ms */
  watchDatabase(waitsMs: () => number): void;
  /** Rows were deleted for their age. */
  deleted(kind: RetainedKind, rows: number): void;
  /** Homes of which older rows stay, for they are not settled. */
  held(homes: number): void;
  /** What is asked for with each scrape. */
  watch(sources: MetricSources): void;
}

type ForetoldPower = "loadW" | "pvW" | "heaterW" | "drawW";

/** Figures that somebody else keeps. */
export interface MetricSources {
  /** Homes by the state that they have told; all configured ones. */
  homes: () => Record<string, number>;
  /** Refused messages by code, since the start. */
  refusals: () => Record<string, number>;
  openDisputes: () => Promise<number>;
  /** Gateways by how they stand with the configuration that is wanted of them. */
  gateways: () => Promise<Record<string, number>>;
}

const kinds = new Set(["meter", "state", "resource", "status", "traded", "ack", "consent", "refused", "settle", "config"]);
/** energy: what heaters draw; draw: heat that people take. */
const foretoldNames = { loadW: "load", pvW: "pv", heaterW: "energy", drawW: "draw" } as const;
const quick = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const slow = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Plans on their way to an answer, and transactions that may be told of again: more are forgotten. */
const mostOpen = 50_000;
const microPerUnit = 1e6;
/** Prometheus itself waits for ten seconds. */
const mostAskedMs = 2000;

/** @param ownAddress who owes what the aggregator pays, lower case; undefined without settlement */
export function metrics(ownAddress: () => string | undefined): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> =>
    new Counter({ name: `smart_mla_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []): Gauge<L> =>
    new Gauge({ name: `smart_mla_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []): Histogram<L> =>
    new Histogram({ name: `smart_mla_${name}`, help, labelNames, buckets, registers });

  const messages = counter("intake_messages_total", "messages from homes by kind", ["kind"]);
  const rows = counter("intake_rows_total", "rows of homes that were new and are stored");
  const repeated = counter("intake_repeated_rows_total", "rows of homes that were here already");
  const energy = counter("energy_wh_total", "energy of grid meters in slots that came, Wh", ["register"]);
  const receipts = histogram("receipt_seconds", "from a message with rows to its receipt at the broker", slow);
  const sent = counter("sent_messages_total", "messages to homes by type and whether the broker took them", ["type", "result"]);
  const refusals = counter("refusals_total", "messages that were refused, by code", ["code"]);
  const homes = gauge("homes", "homes of the configuration by the state that they told last", ["state"]);
  const power = gauge("controlled_power_watts", "what appliances are set to draw, of homes that let this be told");
  const planning = histogram("plan_seconds", "time to work out a plan", slow, ["scope"]);
  const planEnds = counter("feeder_plans_total", "plans of feeders by how they ended", ["status", "stopped"]);
  const curtailed = gauge("curtailed_wh", "what wishes of homes miss for the limits of feeders, in the newest plan of any, Wh");
  const powerErrors = gauge("forecast_error_watts", "how far powers were off that had been foretold, mean of homes, W", ["what"]);
  const presenceError = gauge(
    "forecast_presence_brier",
    "Brier score of the presence of cars that had been foretold, their mean",
  );
  // 0 would be perfect.
  presenceError.set(Number.NaN);
  const plans = counter("plans_total", "plans that were kept for sending");
  const answers = counter("plan_answers_total", "answers of homes to plans", ["status"]);
  const answering = histogram("plan_answer_seconds", "from a kept plan to the home's answer", slow);
  const records = counter("settlement_records_total", "settlement records that came into a state", ["state"]);
  const settledWh = counter("settled_wh_total", "energy of records that both have signed, Wh", ["kind"]);
  const settledMoney = counter("settled_money_total", "amounts of records that both have signed, currency units", [
    "kind",
    "payer",
  ]);
  const disputes = counter("disputes_total", "disputes that were put into the operator's queue", ["source"]);
  const rounds = histogram("flex_answer_seconds", "from a grid operator's request to the offer", slow);
  const orders = counter("flex_orders_total", "orders of flexibility that bind");
  const ordered = counter("flex_ordered_money_total", "prices of orders of flexibility, currency units");
  const flexSettled = counter("flex_settlements_total", "settlements of orders that were answered", ["answer"]);
  const disputesOpen = gauge("disputes_open", "disputes that wait for a person; at most 1000 are counted");
  const epoch = gauge("epoch", "newest epoch that this process brought onto the chain");
  const transactions = counter("chain_transactions_total", "own transactions in a block", ["chain", "call"]);
  const gas = counter("chain_gas_total", "gas of own transactions", ["chain", "call"]);
  const fees = counter("chain_fee_wei_total", "fees of own transactions, wei", ["chain", "call"]);
  const deletions = counter("retention_rows_total", "rows that were deleted because they were older than storage.keep", ["kind"]);
  const heldHomes = gauge("retention_held_homes", "homes of which older rows stay because something is not settled");
  const database = histogram("database_seconds", "time of each statement in the database", quick);
  const databaseWaits = gauge(
    "database_waiting_seconds",
    "how long what homes sent waits for the database now, the oldest of it",
  );
  const gateways = gauge("gateways", "gateways by how they stand with the configuration that is wanted of them", ["config"]);
  const cpu = counter("process_cpu_seconds_total", "processor time of this process");
  const memory = gauge("process_memory_bytes", "resident memory of this process");

  /** When the oldest rows of a home came that have no receipt. */
  const waiting = new Map<string, number>();
  /** Up to where a home's run is whole. */
  const whole = new Map<string, { boot: string; seq: number }>();
  /** What each appliance is set to. */
  const powers = new Map<string, number>();
  const open = boundedMap<string, number>(mostOpen);
  const told = boundedMap<string, true>(mostOpen);
  let sources: MetricSources | null = null;
  let waitsMs = (): number => 0;
  const collect = (): void => {
    const used = process.cpuUsage();
    cpu.reset();
    cpu.inc((used.user + used.system) / 1e6);
    memory.set(process.memoryUsage.rss());
    databaseWaits.set(waitsMs() / 1000);
    power.set([...powers.values()].reduce((sum, watts) => sum + watts, 0));
    if (!sources) return;
    homes.reset();
    for (const [state, count] of Object.entries(sources.homes())) homes.set({ state }, count);
    refusals.reset();
    for (const [code, count] of Object.entries(sources.refusals())) refusals.inc({ code }, count);
  };
  /** What stands in the database, which may not answer, or say that it cannot: then all else is told, and of this what was found last. */
  const ask = async (from: MetricSources): Promise<void> => {
    const disputed = await from.openDisputes();
    const byConfig = await from.gateways();
    disputesOpen.set(disputed);
    gateways.reset();
    for (const [config, count] of Object.entries(byConfig)) gateways.set({ config }, count);
  };
  let asking: Promise<void> | null = null;
  const askInTime = async (): Promise<void> => {
    if (!sources) return;
    // Why it cannot is in the log of those who write to it.
    asking ??= ask(sources)
      .catch(() => undefined)
      .finally(() => (asking = null));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, mostAskedMs);
    await Promise.race([asking, late.promise]).finally(() => clearTimeout(timer));
  };
  return {
    async text() {
      collect();
      await askInTime();
      return registry.metrics();
    },
    contentType: registry.contentType,
    message(site, rest, atMs) {
      const kind = rest.split("/")[0] ?? "";
      messages.inc({ kind: kinds.has(kind) ? kind : "other" });
      if (kind === "meter" && !waiting.has(site) && waiting.size < mostOpen) waiting.set(site, atMs);
    },
    sent(site, type, isSent, atMs) {
      sent.inc({ type, result: isSent ? "taken" : "failed" });
      const cameMs = waiting.get(site);
      if (type !== "receipt" || !isSent || cameMs === undefined) return;
      waiting.delete(site);
      receipts.observe((atMs - cameMs) / 1000);
    },
    rows(site, { boot, items }, { added, contiguousSeq }) {
      const own = items.filter(({ kind }) => kind !== "gap");
      rows.inc(added);
      repeated.inc(Math.max(0, own.length - added));
      const before = whole.get(site);
      whole.set(site, { boot, seq: contiguousSeq });
      // Which of them were new the store does not say; where it cannot be told, energy is left out and never counted twice.
      const fresh = added === own.length ? own : own.filter(({ seq }) => before?.boot !== boot || seq > before.seq);
      if (fresh.length !== added) return;
      for (const item of fresh)
        if (item.kind === "slot" && item.role === "grid") energy.inc({ register: item.register }, Math.max(0, item.wh));
    },
    status(site, { resource, powerW }) {
      if (powerW === undefined) powers.delete(`${site}/${resource}`);
      else powers.set(`${site}/${resource}`, powerW);
    },
    worked: (scope, seconds) => planning.observe({ scope }, seconds),
    planEnded({ status, stopped, curtailedWh }) {
      planEnds.inc({ status, stopped: String(stopped) });
      curtailed.set(curtailedWh);
    },
    foretold({ presenceBrier, ...watts }) {
      for (const [name, error] of Object.entries(watts))
        if (error !== null) powerErrors.set({ what: foretoldNames[name as ForetoldPower] }, error);
      if (presenceBrier !== null) presenceError.set(presenceBrier);
    },
    planned(plan, atMs) {
      plans.inc();
      open.set(plan, atMs);
    },
    answered(plan, status, atMs) {
      answers.inc({ status });
      const sentMs = open.take(plan);
      if (sentMs !== undefined) answering.observe((atMs - sentMs) / 1000);
    },
    record(state, { kind, wh, amount, payer }) {
      records.inc({ state });
      if (state !== "cosigned") return;
      if (wh > 0) settledWh.inc({ kind }, wh);
      const owed = Number(amount) / microPerUnit;
      const owes = payer === ownAddress() ? "aggregator" : "household";
      if (owed > 0) settledMoney.inc({ kind, payer: owes }, owed);
    },
    flexAnswered: (seconds) => rounds.observe(seconds),
    flexOrdered(price) {
      orders.inc();
      ordered.inc(Number(price) / microPerUnit);
    },
    flexSettled: (netMicro) => flexSettled.inc({ answer: netMicro === null ? "disputed" : "agreed" }),
    dispute: (source) => disputes.inc({ source }),
    epoch: (number) => epoch.set(number),
    spent({ chainId, hash, what, gas: used, feeWei }) {
      // What was seen in a block is told again with what it was for.
      if (told.take(`${chainId} ${hash}`) === undefined) {
        const labels = { chain: String(chainId), call: what };
        transactions.inc(labels);
        gas.inc(labels, Number(used));
        fees.inc(labels, Number(feeWei));
      }
      told.set(`${chainId} ${hash}`, true);
    },
    watchDatabase: (given) => void (waitsMs = given),
    database: (ms) => database.observe(ms / 1000),
    deleted: (kind, count) => deletions.inc({ kind }, count),
    held: (count) => heldHomes.set(count),
    watch: (given) => void (sources = given),
  };
}
