import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { importControlKey, type PinnedKeys } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import type { Rejections } from "../core/rejections.ts";
import type { AgentConfig, AggregatorLink } from "./config/agent-config.ts";
import type { ControlLoop } from "./control-loop.ts";
import { type ExchangeRoom, startExchangeRoom } from "./exchange/exchange-room.ts";
import type { openExchange } from "./exchange/open-exchange.ts";
import { startAggregatorRoom, type AggregatorRoom, type AggregatorRoomOptions } from "./publish/aggregator-room.ts";
import { dropOldKeys, keyRingFile } from "./enrol/enrolment-folder.ts";
import { openKeyRing, type KeyRing } from "./publish/key-ring.ts";
import { startGridRoom, type GridRoom } from "./publish/grid-room.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { ExchangeStore } from "./store/exchange-store.ts";
import type { Outbox } from "./store/outbox.ts";

/** What both channels need. */
interface Shared {
  config: AgentConfig;
  clock: Clock;
  log: Log;
  refused: Rejections;
  control: ControlStore;
  outbox: Outbox;
  loop: ControlLoop;
  signal: AbortSignal;
}

/** The aggregator's channel; null where none is configured. @throws AppError envelope-bad-key, mqtt-file-unreadable */
export async function openAggregatorRoom(
  options: Shared &
    Pick<
      AggregatorRoomOptions,
      | "overrides"
      | "consents"
      | "remote"
      | "givenWh"
      | "fill"
      | "foretold"
      | "increaseDelays"
      | "meters"
      | "settlement"
      | "positions"
      | "traded"
      | "atomically"
      | "gridMeter"
    >,
): Promise<AggregatorRoom | null> {
  const link = options.config.aggregator;
  if (options.config.awaitsEnrolment)
    options.log.error({ code: "enrol-not-enrolled" }, "not enrolled: the house runs by itself until smart-mla enrol was run");
  if (!link) return null;
  const { config, clock, log } = options;
  const file = keyRingFile(config.stateFolder);
  let keys: KeyRing;
  try {
    dropOldKeys(config.stateFolder);
    keys = await openKeyRing({ configured: link.controlKeys, file, clock, log });
  } catch (error) {
    // Which keys were dropped is not known: nobody is believed, and the house runs by itself.
    if (!["keys-unreadable", "keys-malformed"].includes(errorCode(error))) throw error;
    log.error({ code: errorCode(error), error: errorMessage(error) }, "pinned keys cannot be read: no link to the aggregator");
    return null;
  }
  return startAggregatorRoom({ ...options, random: Math.random, link, keys });
}

/** The grid operator's channel; null where none is configured. @throws AppError envelope-bad-key, mqtt-file-unreadable */
export async function openGridRoom(options: Shared): Promise<GridRoom | null> {
  const { clock, log, refused, signal } = options;
  const operator = options.config.gridOperator;
  if (!operator) return null;
  return startGridRoom({
    ...operator,
    keys: await pinned(operator.link),
    boot: options.outbox.boot,
    clock,
    log,
    refused,
    store: options.control,
    random: Math.random,
    onChange: options.loop.trigger,
    signal,
  });
}

/** The exchange's room; null where none is configured. What its files and its chain lack is said, and tried again. */
export function openExchangeRoom(
  options: Pick<Shared, "config" | "clock" | "log" | "control" | "signal"> &
    Omit<Parameters<typeof openExchange>[0], "exchange" | "settlement" | "gridMeter" | "store"> & {
      trades: ExchangeStore | null;
    },
): ExchangeRoom | null {
  const { config, trades, clock, log, signal } = options;
  const { exchange, settlement } = config;
  if (!exchange || !settlement || !trades) return null;
  const gridMeter = config.meters.find(({ role }) => role === "grid")?.name ?? "";
  return startExchangeRoom({
    // ethers is loaded only now: an agent that trades nowhere stays small.
    open: async () =>
      (await import("./exchange/open-exchange.ts")).openExchange({ ...options, exchange, settlement, store: trades, gridMeter }),
    clock,
    log,
    signal,
  });
}

async function pinned({ controlKeys }: AggregatorLink): Promise<PinnedKeys> {
  const keys = await Promise.all(controlKeys.map(importControlKey));
  return new Map(keys.map(({ kid, key }) => [kid, key]));
}
