import { z } from "zod";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { ConfigOrder, ConfigReport, RemoteConfig } from "../../core/message/remote-config.ts";
import { parseAs } from "../../core/parse-as.ts";
import { AgentYaml } from "../config/schema.ts";
import type { RemoteConfigStore } from "../store/remote-config-store.ts";
import { stepTrial, type Health, type Trial, type TrialEvent } from "./config-trial.ts";

/** Values in force, of the keys that may be changed from afar. */
export type Settings = Required<RemoteConfig>;

/** What the gateway runs by from afar. */
export interface RemoteSettings {
  /** The file's values with what is in force from afar above them. */
  values(): Settings;
  /** Takes dn/config. What the gateway does not take is said in its report. @throws AppError config-malformed */
  take(body: unknown): void;
  /** up/config. */
  report(): ConfigReport;
}

const Applied = z.object({ revision: z.uuid().nullable(), config: RemoteConfig });
const Kept = z.object({
  is: z.enum(["kept", "trying"]),
  now: Applied,
  before: Applied.nullable(),
  failed: ConfigReport.shape.failed,
});

const none: Trial = { is: "kept", now: { revision: null, config: {} }, failed: null };
const lookMs = 10_000;

/**
 * Holds what is in force from afar, through restarts; what is on trial when the program starts is taken back.
 * @param options.own the file's values
 * @param options.allowed false where the file forbids all of it
 */
export function openRemoteSettings(options: {
  store: RemoteConfigStore;
  own: Settings;
  allowed: boolean;
  health: () => Health;
  /** Hears of values that are in force now, at once and whenever they change. */
  apply: (values: Settings) => void;
  /** Something in the report has changed. */
  onChange: () => void;
  version: string | undefined;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): RemoteSettings {
  const { store, own, clock, log } = options;
  let state: Trial = options.allowed ? keptIn(store, log) : none;
  const values = (): Settings => ({ ...own, ...state.now.config });
  const step = (event: TrialEvent): void => {
    const next = stepTrial(state, event);
    if (next === state) return;
    const before = state;
    // On the disk before it counts: after a crash the trial is known to have begun.
    store.keep(JSON.stringify(wireOf(next)));
    state = next;
    if (next.now !== before.now) options.apply(values());
    const { revision } = next.now;
    if (next.failed !== before.failed) log.warn({ ...next.failed, inForce: revision }, "configuration from afar did not stay");
    else log.info({ revision, state: next.is, config: next.now.config }, "configuration from afar");
    options.onChange();
  };
  step({ on: "start" });
  options.apply(values());
  clock.every(lookMs, () => step({ on: "look", health: options.health(), atMs: clock.monotonicMs() }), options.signal);
  return {
    values,
    take(body) {
      const { revision, config, trialS } = parseAs(ConfigOrder, body, "config-malformed");
      const refuse = (code: string, message: string): void => {
        if (state.failed?.revision === revision) return options.onChange();
        step({ on: "refused", failed: { revision, how: "refused", code, message: message.slice(0, 500) } });
      };
      if (!options.allowed) return refuse("config-remote-off", "the gateway's own file says remote_config: false");
      const checked = RemoteConfig.safeParse(config);
      if (!checked.success) return refuse("config-not-allowed", z.prettifyError(checked.error));
      try {
        demandFileWould(checked.data);
      } catch (error) {
        return refuse("config-not-allowed", error instanceof Error ? error.message : String(error));
      }
      const before = state;
      step({ on: "order", revision, config: checked.data, trialMs: trialS * 1000, atMs: clock.monotonicMs() });
      // Who asks again wants to know.
      if (state === before) options.onChange();
    },
    report: () => ({
      v: 1,
      revision: state.now.revision,
      state: state.is,
      config: values(),
      failed: state.failed,
      ...(options.version !== undefined && { version: options.version }),
      at: iso(clock.now()),
    }),
  };
}

/** What comes from afar is never more than the file itself could say. @throws AppError config-not-allowed */
function demandFileWould(config: RemoteConfig): void {
  const { "log.level": level, "storage.commit_every_s": commitEveryS } = config;
  parseAs(AgentYaml.shape.log, level === undefined ? {} : { level }, "config-not-allowed");
  const storage = { path: "data.db", ...(commitEveryS !== undefined && { commit_every_s: commitEveryS }) };
  parseAs(AgentYaml.shape.storage, storage, "config-not-allowed");
}

function keptIn(store: RemoteConfigStore, log: Log): Trial {
  const text = store.kept();
  if (text === undefined) return none;
  const kept = Kept.safeParse(parsed(text));
  // What is damaged, or what another version left here and this one does not know: by the file, and the aggregator says it again.
  if (!kept.success) {
    log.warn({ code: "config-kept-unreadable" }, "what was in force from afar cannot be read; the file's values hold");
    return none;
  }
  const { is, now, before, failed } = kept.data;
  return is === "kept" ? { is, now, failed } : { is, now, before: before ?? none.now, failed, sinceMs: 0, trialMs: 0 };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const wireOf = (state: Trial): z.input<typeof Kept> => ({
  is: state.is,
  now: state.now,
  before: state.is === "trying" ? state.before : null,
  failed: state.failed,
});
