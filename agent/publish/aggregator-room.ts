import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { KeyChange } from "../../core/message/key-change.ts";
import type { InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import { Receipt } from "../../core/message/measurements.ts";
import { PriceSeries } from "../../core/message/price-series.ts";
import { mostReason } from "../../core/message/refusal.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { TradedSlot } from "../../core/message/traded.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { Rejections } from "../../core/rejections.ts";
import type { GivenWh } from "../given-energy.ts";
import type { ComfortWatch } from "../comfort.ts";
import type { AgentConfig, AggregatorLink } from "../config/agent-config.ts";
import type { Consents } from "../consents.ts";
import type { ApplianceNow, ControlLoop } from "../control-loop.ts";
import { acceptInstructions } from "../plan/accept-instructions.ts";
import { meteredDevices } from "../settle/metered-devices.ts";
import { settler, type Settler } from "../settle/settler.ts";
import type { Position } from "../exchange/wishes.ts";
import type { RemoteSettings } from "../remote/remote-config.ts";
import type { ControlStore } from "../store/control-store.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { Outbox } from "../store/outbox.ts";
import type { SettlementStores } from "../store/settlement-stores.ts";
import type { Override } from "../plan/override.ts";
import { applianceReports } from "./appliance-reports.ts";
import { inTurn } from "./in-turn.ts";
import { openInbox } from "./inbox.ts";
import type { KeyRing } from "./key-ring.ts";
import { startMqttLink, type MqttLink } from "./mqtt-link.ts";
import { tellingRefusals } from "./telling-refusals.ts";
import type { StoreForecast } from "./storage-report.ts";
import { slotResender } from "./resend-slots.ts";
import { tradesReport } from "./trades-report.ts";
import { startUploader } from "./uploader.ts";

/** The agent's side of all that it exchanges with its aggregator. */
export interface AggregatorRoom {
  connected(): boolean;
  /** The list in force of each resource. */
  instructions(): ReadonlyMap<string, InstructionList>;
  /** Tells the aggregator how appliances stand, when that changed or a while has passed. */
  report(now: readonly ApplianceNow[]): void;
  /** Tells the aggregator anew what the household allows. */
  tellConsents(): void;
  /** Tells the aggregator anew what of its configuration is in force. */
  tellConfig(): void;
  /** Sends rows that wait in the outbox. */
  pump(): void;
  /** Age of the aggregator's last signed heartbeat, ms; Infinity before the first. */
  heartbeatAgeMs(): number;
  /** Whether its instructions are not followed, because it has not countersigned. */
  hasLeft(): boolean;
  /** Records signed and disputed in this run. */
  settled(): ReturnType<Settler["counts"]>;
  stop(): Promise<void>;
}

/** Parts that the room works with. */
export interface AggregatorRoomOptions {
  config: AgentConfig;
  link: AggregatorLink;
  keys: KeyRing;
  clock: Clock;
  log: Log;
  refused: Rejections;
  /** In [0, 1); spreads reconnections. */
  random: () => number;
  control: ControlStore;
  /** What the residents said. */
  overrides: () => readonly Override[];
  consents: Pick<Consents, "sharing" | "message" | "all">;
  remote: Pick<RemoteSettings, "take" | "report">;
  /** The random delays of the coming day. */
  increaseDelays: () => Resource["increaseDelays"];
  givenWh: GivenWh;
  /** How full storages are, and what the house foretells of them. */
  fill: ComfortWatch["fill"];
  foretold: (resource: string) => StoreForecast;
  meters: MeterStore;
  settlement: SettlementStores;
  /** Traded at an exchange in slots that begin then or later; null without one. */
  positions: ((fromMs: number) => ReadonlyMap<number, Position>) | null;
  /** Traded there in slots that are not over; null without one. */
  traded: ((nowMs: number) => readonly TradedSlot[]) | null;
  outbox: Outbox;
  /** One transaction of the database. */
  atomically: (work: () => void) => void;
  loop: ControlLoop;
  gridMeter: string;
  signal: AbortSignal;
}

/** Delays are announced for a day ahead. */
const describeEveryMs = 6 * 3_600_000;
const lookAfterMs = 60_000;

/** All traffic with the aggregator: rows up, receipts, prices, instructions and settlement down. */
export function startAggregatorRoom(options: AggregatorRoomOptions): AggregatorRoom {
  const { config, clock, log, control, outbox, loop, refused } = options;
  const resources = new Map(config.appliances.map(({ name, modes }) => [name, modes]));
  let lists: ReadonlyMap<string, InstructionList> = control.instructions();
  let heartbeatMs = -Infinity;
  let link: MqttLink | null = null;
  const online = (): MqttLink => {
    if (!link) throw new AppError("mqtt-offline", "the link is not open yet", { temporary: true });
    return link;
  };
  const tell = (rest: string, message: unknown, retain = false): void =>
    void online()
      .publish(rest, message, { retain })
      .catch((error: unknown) => log.debug({ rest, error: errorMessage(error) }, "not sent"));

  const appliances = applianceReports({
    config,
    clock,
    connected: () => link?.connected() ?? false,
    tell: (rest, message) => tell(rest, message, true),
    overrides: options.overrides,
    sharing: options.consents.sharing,
    increaseDelays: options.increaseDelays,
    givenWh: options.givenWh,
    fill: options.fill,
    foretold: options.foretold,
    lastSwitching: (resource) => control.lastBefore(resource, clock.now() + 1),
  });
  const trades = tradesReport({
    traded: () => options.traded?.(clock.now()) ?? [],
    consents: options.consents,
    clock,
    connected: () => link?.connected() ?? false,
    tell: (rest, message) => tell(rest, message, true),
  });
  const uploader = startUploader({
    outbox,
    link: online,
    sharing: options.consents.sharing,
    gridMeter: options.gridMeter,
    clock,
    log,
    signal: options.signal,
  });
  const settling = settler({
    open: async () => {
      if (!config.settlement) throw new AppError("settlement-not-configured", "this agent has no settlement section");
      // ethers is loaded only now: an agent that never settles stays small.
      const { openSigningRoom } = await import("../settle/signing-room.ts");
      const stores = { ...options.settlement, meters: options.meters, prices: control };
      return openSigningRoom({
        config: config.settlement,
        site: options.link.gatewayId,
        gridMeter: options.gridMeter,
        devices: meteredDevices(config),
        stores,
        ...(options.positions && { positions: options.positions }),
        clock,
        log,
      });
    },
    publish: (rest, message) => online().publish(rest, message),
    resendSlots: slotResender({ ...options, onAdded: () => uploader.pump() }),
    hasJournal: () =>
      config.settlement !== undefined &&
      (options.settlement.records.counts().signed > 0 || options.settlement.hold.held() !== null),
    countersignedWithinMs: config.settlement?.countersignedWithinMs ?? Infinity,
    settledWithinMs: config.settlement?.settledWithinMs ?? Infinity,
    onLeft: () => loop.trigger(),
    clock,
    log,
  });
  const instruct = (body: unknown, rest: string): void => {
    const resource = rest.split("/")[1] ?? "";
    const answer = (status: InstructionAck["status"], plan: string, more: Partial<InstructionAck> = {}): void =>
      tell(`ack/${plan}`, { v: 1, plan, resource, status, at: iso(clock.now()), ...more } satisfies InstructionAck);
    try {
      if (settling.hasLeft())
        throw new AppError(
          "settlement-countersignature-missing",
          "nothing is followed until the records that were signed here are countersigned",
        );
      const list = acceptInstructions(body, resource, resources, clock.now());
      control.saveInstructions(list, clock.now());
      lists = new Map([...lists, [resource, list]]);
      loop.trigger();
      answer("ACCEPTED", list.plan);
    } catch (error) {
      const plan = planIdOf(body);
      if (plan) answer("REJECTED", plan, { code: errorCode(error), message: errorMessage(error).slice(0, mostReason) });
      throw error;
    }
  };
  // A queue of its own: a chain that answers slowly must not hold up instructions.
  const settleInTurn = inTurn(clock, options.signal, (error) =>
    refused.note(errorCode(error), "settlement", errorMessage(error)),
  );
  const telling = tellingRefusals((refusal) => tell("refused", refusal));
  const settle = telling((body, { rest }) => settling.take(body, rest));
  clock.every(lookAfterMs, () => settling.keep(), options.signal);
  const inbox = openInbox({
    keys: options.keys,
    site: options.link.gatewayId,
    clock,
    store: control,
    rejections: refused,
    handlers: {
      heartbeat: () => void (heartbeatMs = clock.monotonicMs()),
      receipt: telling((body) => uploader.receipt(parseAs(Receipt, body, "receipt-malformed"))),
      price: telling((body) => control.savePrices(parseAs(PriceSeries, body, "price-malformed"))),
      // Refuses by an answer of its own.
      instruction: (body, { rest }) => instruct(body, rest),
      keys: telling((body, { envelope }) => options.keys.apply(parseAs(KeyChange, body, "keys-malformed"), envelope.kid)),
      config: telling((body) => options.remote.take(body)),
      settlement: (body, place) => settleInTurn(() => settle(body, place)),
    },
  });
  const tellConsents = (): void => {
    if (link?.connected()) tell("consent", options.consents.message(), true);
    // How much of an appliance may be told has changed too, its meter's name as well.
    appliances.forget();
    appliances.describe();
    trades.forget();
    trades.report();
  };
  const tellConfig = (): void => {
    if (link?.connected()) tell("config", options.remote.report(), true);
  };
  clock.every(describeEveryMs, appliances.describe, options.signal);
  if (options.traded) clock.every(lookAfterMs, trades.report, options.signal);
  link = startMqttLink({
    link: options.link,
    boot: outbox.boot,
    log,
    random: options.random,
    onConnect() {
      tellConsents();
      tellConfig();
      uploader.restart();
      void settling.remind();
    },
    onArrival: (arrival) => inbox.take(arrival),
    onTooLarge: (topic, bytes) => refused.note("envelope-too-large", topic, `message of ${bytes} bytes not read`),
  });
  return {
    connected: () => link?.connected() ?? false,
    instructions: () => lists,
    report: appliances.report,
    tellConsents,
    tellConfig,
    pump: uploader.pump,
    heartbeatAgeMs: () => clock.monotonicMs() - heartbeatMs,
    hasLeft: settling.hasLeft,
    settled: settling.counts,
    async stop() {
      await link?.stop();
      await inbox.close();
      await settling.close();
    },
  };
}

/** Whose rejection is announced, as far as the refused body says. */
function planIdOf(body: unknown): string | undefined {
  const plan = typeof body === "object" && body !== null && "plan" in body ? body.plan : undefined;
  return typeof plan === "string" && /^[0-9a-f-]{36}$/i.test(plan) ? plan : undefined;
}
