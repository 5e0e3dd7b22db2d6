/** Times of the rules, ms. Defaults are those of EEBUS (UC LPC 1.0) and of § 14a EnWG. */
export interface GridLimitRules {
  /** The grid operator's box says that it lives every 60 s; after this silence it counts as lost. */
  heartbeatTimeoutMs: number;
  /** What the house may take while the box is lost, W. */
  failsafeLimitW: number;
  /** Heartbeats that came back without any limit for so long mean that there is none. */
  releaseWindowMs: number;
}

export const defaultGridLimitRules: GridLimitRules = {
  heartbeatTimeoutMs: 120_000,
  failsafeLimitW: 4_200,
  releaseWindowMs: 120_000,
};

/** A limit as the grid operator writes it. */
export interface GridLimitWrite {
  limitW: number;
  /** False takes the limit back, whatever its figure. */
  active: boolean;
  /** Null: until further notice. */
  durationMs: number | null;
}

/** How the channel of the grid operator stands. Instants on the monotonic clock, ms. */
export type GridLimitState =
  /** `backMs`: since when heartbeats come again; null while none do. `early`: a limit that came just before the heartbeat. */
  | { is: "failsafe"; heartbeatMs: number | null; backMs: number | null; early: { atMs: number; write: GridLimitWrite } | null }
  | { is: "limited"; heartbeatMs: number; limitW: number; untilMs: number | null }
  | { is: "unlimited"; heartbeatMs: number };

export type GridLimitEvent =
  | { kind: "heartbeat"; atMs: number }
  | ({ kind: "limit"; atMs: number } & GridLimitWrite)
  | { kind: "tick"; atMs: number };

/** Nothing was received yet: as if the box were lost. */
export const gridLimitAtStart: GridLimitState = { is: "failsafe", heartbeatMs: null, backMs: null, early: null };

/** What the house may take from the grid by this channel, W; null is unlimited and never 0 W. */
export function gridLimitW(state: GridLimitState, rules: GridLimitRules): number | null {
  switch (state.is) {
    case "failsafe":
      return rules.failsafeLimitW;
    case "limited":
      return state.limitW;
    case "unlimited":
      return null;
  }
}

/** Why a limit is not taken; undefined where it is. */
export function refusedLimit({ limitW, durationMs }: GridLimitWrite): string | undefined {
  if (!Number.isSafeInteger(limitW) || limitW < 0) return `a limit of ${limitW} W; a whole number from 0 was expected`;
  if (durationMs !== null && !(durationMs > 0)) return `a limit for ${durationMs} ms; null means until further notice`;
  return undefined;
}

/**
 * One step of the failsafe rules of EEBUS LPC (EEBUS UC LPC 1.0, 031 and 911 to 921). Pure.
 * Failsafe begins at start and with the loss of heartbeats. It is left by a heartbeat and a limit that follows it, at once,
 * also before any minimum duration; or by heartbeats without any limit for the release window. Time alone never ends it.
 */
export function stepGridLimit(state: GridLimitState, event: GridLimitEvent, rules: GridLimitRules): GridLimitState {
  const now = afterTime(state, event.atMs, rules);
  switch (event.kind) {
    case "tick":
      return now;
    case "heartbeat":
      return afterHeartbeat(now, event.atMs);
    case "limit":
      return refusedLimit(event) === undefined ? afterLimit(now, event) : now;
  }
}

/** What the passing of time alone changes. */
function afterTime(state: GridLimitState, atMs: number, rules: GridLimitRules): GridLimitState {
  const lost = state.heartbeatMs === null || atMs - state.heartbeatMs > rules.heartbeatTimeoutMs;
  if (state.is !== "failsafe") {
    // Lost while a limit ran out: the loss comes first, since it is the stricter one.
    if (lost) return { ...gridLimitAtStart, heartbeatMs: state.heartbeatMs };
    if (state.is === "limited" && state.untilMs !== null && atMs >= state.untilMs)
      return { is: "unlimited", heartbeatMs: state.heartbeatMs };
    return state;
  }
  if (state.backMs === null || state.heartbeatMs === null) return state;
  const releasedMs = state.backMs + rules.releaseWindowMs;
  // Released before the heartbeats were lost again, or not at all.
  if (atMs >= releasedMs && releasedMs - state.heartbeatMs <= rules.heartbeatTimeoutMs && !lost)
    return { is: "unlimited", heartbeatMs: state.heartbeatMs };
  return lost ? { ...state, backMs: null } : state;
}

/** Two messages of one writing. */
const togetherMs = 1000;

function afterHeartbeat(state: GridLimitState, atMs: number): GridLimitState {
  if (state.is !== "failsafe") return { ...state, heartbeatMs: atMs };
  const back: GridLimitState = { ...state, heartbeatMs: atMs, backMs: state.backMs ?? atMs, early: null };
  // A box that writes both at once may send the limit first.
  return state.early && atMs - state.early.atMs < togetherMs
    ? afterLimit(back, { ...state.early.write, kind: "limit", atMs })
    : back;
}

function afterLimit(state: GridLimitState, event: Extract<GridLimitEvent, { kind: "limit" }>): GridLimitState {
  const { atMs, limitW, active, durationMs } = event;
  if (state.is === "failsafe" && state.backMs === null)
    return { ...state, early: { atMs, write: { limitW, active, durationMs } } };
  const heartbeatMs = state.heartbeatMs ?? atMs;
  if (!active) return { is: "unlimited", heartbeatMs };
  return { is: "limited", heartbeatMs, limitW, untilMs: durationMs === null ? null : atMs + durationMs };
}
