import { errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Envelope, PinnedKeys } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import { GridLimit, type GridLimitStatus } from "../../core/message/grid-limit.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { Rejections } from "../../core/rejections.ts";
import type { AggregatorLink } from "../config/agent-config.ts";
import {
  gridLimitAtStart,
  gridLimitW,
  stepGridLimit,
  type GridLimitEvent,
  type GridLimitRules,
  type GridLimitState,
} from "../guard/grid-limit.ts";
import type { ControlStore } from "../store/control-store.ts";
import { openInbox } from "./inbox.ts";
import { startMqttLink } from "./mqtt-link.ts";

/** The agent's side of the grid operator's channel. */
export interface GridRoom {
  connected(): boolean;
  /** What the house may take by this channel, W; null is unlimited. */
  limitW(): number | null;
  state(): GridLimitState["is"];
  stop(): Promise<void>;
}

const tickMs = 1000;

/**
 * Listens to the grid operator and follows the failsafe rules of EEBUS LPC. A limit is a retained message, so one that is
 * still in force counts again as soon as heartbeats come back, also where the broker does not repeat it.
 */
export function startGridRoom(options: {
  link: AggregatorLink;
  keys: PinnedKeys;
  rules: GridLimitRules;
  boot: string;
  clock: Clock;
  log: Log;
  refused: Rejections;
  store: Pick<ControlStore, "lastSeen" | "see">;
  random: () => number;
  /** The limit is another one than before. */
  onChange: () => void;
  signal: AbortSignal;
}): GridRoom {
  const { clock, log, rules, refused } = options;
  let state: GridLimitState = gridLimitAtStart;
  let written: { limit: GridLimit; untilMs: number | null } | null = null;
  const said = (): string => `${state.is} ${gridLimitW(state, rules)}`;
  const step = (event: GridLimitEvent): void => {
    const before = said();
    state = stepGridLimit(state, event, rules);
    if (said() === before) return;
    const limitW = gridLimitW(state, rules);
    log.info({ state: state.is, limitW }, "grid operator's limit");
    options.onChange();
    tell();
  };
  const tell = (refusal?: GridLimitStatus["refused"]): void =>
    void link
      .publish(
        "limit",
        {
          v: 1,
          at: iso(clock.now()),
          state: state.is,
          limitW: gridLimitW(state, rules),
          ...(refusal && { refused: refusal }),
        } satisfies GridLimitStatus,
        { retain: refusal === undefined },
      )
      .catch((error: unknown) => log.debug({ error: errorMessage(error) }, "limit not reported"));
  const apply = (): void => {
    if (!written) return;
    const leftMs = written.untilMs === null ? null : written.untilMs - clock.monotonicMs();
    if (leftMs !== null && leftMs <= 0) return;
    const { limitW, active } = written.limit;
    step({ kind: "limit", atMs: clock.monotonicMs(), limitW, active, durationMs: leftMs });
  };
  const heard = (): void => {
    const lost = state.is === "failsafe";
    step({ kind: "heartbeat", atMs: clock.monotonicMs() });
    // Only what restricts: that there is no limit any more must be said again, or be waited for.
    if (lost && written?.limit.active) apply();
  };
  const take = (body: unknown, envelope: Envelope): void => {
    const limit = limitOf(body);
    const signedMs = clock.monotonicMs() - Math.max(0, clock.now() - envelope.issuedMs);
    written = { limit, untilMs: limit.durationS === null ? null : signedMs + limit.durationS * 1000 };
    apply();
  };
  const limitOf = (body: unknown): GridLimit => {
    try {
      return parseAs(GridLimit, body, "limit-malformed");
    } catch (error) {
      tell({ code: errorCode(error), message: errorMessage(error).slice(0, 500) });
      throw error;
    }
  };
  const inbox = openInbox({
    keys: options.keys,
    site: options.link.gatewayId,
    clock,
    store: options.store,
    rejections: refused,
    handlers: { heartbeat: heard, limit: (body, { envelope }) => take(body, envelope) },
  });
  const link = startMqttLink({
    link: options.link,
    boot: options.boot,
    log,
    random: options.random,
    onConnect: () => tell(),
    onArrival: (arrival) => inbox.take(arrival),
    onTooLarge: (topic, bytes) => refused.note("envelope-too-large", topic, `message of ${bytes} bytes not read`),
  });
  clock.every(tickMs, () => step({ kind: "tick", atMs: clock.monotonicMs() }), options.signal);
  return {
    connected: link.connected,
    limitW: () => gridLimitW(state, rules),
    state: () => state.is,
    async stop() {
      await link.stop();
      await inbox.close();
    },
  };
}
