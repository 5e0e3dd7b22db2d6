import type { Quality, Reading } from "../../core/reading.ts";
import { slotAt } from "../../core/slots.ts";

/** Energy of one slot of one counter. Instants in ms. */
export interface SlotTotal {
  meter: string;
  register: "import" | "export";
  startMs: number;
  endMs: number;
  wh: number;
  quality: Quality;
  clockSynced: boolean;
}

/** One counter within the open slot, all in Wh. */
interface Register {
  /** At the newest reading; null while only a meter that is gone had this register. */
  lastWh: number | null;
  /** At the slot's start, or at the first reading after a change of meter. */
  baseWh: number;
  /** Booked in this slot from a meter that is gone. */
  carryWh: number;
}

/** Where the ledger of one meter stands. Plain data: it is stored as JSON. */
export interface LedgerState {
  meterId: string | null;
  atMs: number;
  slotStartMs: number;
  slotEndMs: number;
  import: Register | null;
  export: Register | null;
  /** False while something in this slot was worked out and not read. */
  measured: boolean;
  unchecked: boolean;
  clockSynced: boolean;
  /** Since when every reading was impossible; a lasting reset is accepted after a while. */
  impossibleSinceMs: number | null;
}

/** Why a reading was not booked. */
export type Flag = "clock-step" | "reading-suspect" | "reading-repeated" | "counter-backwards" | "counter-jump";

/** What does not change while a ledger is kept. */
export interface LedgerRules {
  slotMinutes: number;
  /** More than the connection can carry is a counter that jumped, W. */
  plausibleW: number;
}

/** A boundary between readings further apart than this is estimated. */
const closeMs = 60_000;
/** After so long of impossible readings the counter counts as replaced. */
const resetMs = 15 * 60_000;
/** A longer gap, or a longer way back, is a clock that was set, not a meter that was silent. */
const longestGapMs = 40 * 24 * 3_600_000;
const clockStepMs = 3_600_000;
/** The meter's clock is believed while it agrees with ours so far. */
const meterClockMs = 60_000;

/** The instant at which a reading is booked: the meter's own while it agrees with ours, else that of receipt. */
export function bookedAt(reading: Reading): number {
  const { meterMs, receivedMs } = reading;
  return meterMs !== null && Math.abs(meterMs - receivedMs) <= meterClockMs ? meterMs : receivedMs;
}

/**
 * Books one reading. Slots come from counters alone, so their sum is always the counter's difference;
 * a boundary between two readings gets its share of the difference in whole Wh.
 * A reading that cannot be true is flagged and changes nothing. Pure.
 */
export function book(
  state: LedgerState | null,
  reading: Reading,
  rules: LedgerRules,
): { state: LedgerState | null; slots: SlotTotal[]; flag?: Flag } {
  const atMs = bookedAt(reading);
  if (reading.quality === "suspect") return { state, slots: [], flag: "reading-suspect" };
  if (!state) return { state: open(reading, atMs, rules, null), slots: [] };
  if (state.atMs - atMs > clockStepMs) return afterClockStep(state, reading, atMs, rules);
  if (atMs <= state.atMs) return { state, slots: [], flag: "reading-repeated" };
  if (atMs - state.atMs > longestGapMs) return { ...replace(state, reading, atMs, rules), flag: "clock-step" };
  if (reading.meterId !== null && state.meterId !== null && reading.meterId !== state.meterId)
    return replace(state, reading, atMs, rules);
  const impossible = check(state, reading, atMs, rules);
  if (impossible) {
    const sinceMs = state.impossibleSinceMs ?? atMs;
    if (atMs - sinceMs >= resetMs) return { ...replace(state, reading, atMs, rules), flag: impossible };
    return { state: { ...state, impossibleSinceMs: sinceMs }, slots: [], flag: impossible };
  }
  return advance(state, reading, atMs, rules);
}

/** A clock that went back for good: after a while of agreeing readings the ledger goes on at the new time. */
function afterClockStep(
  state: LedgerState,
  reading: Reading,
  atMs: number,
  rules: LedgerRules,
): { state: LedgerState; slots: SlotTotal[]; flag: Flag } {
  const sinceMs = Math.min(state.impossibleSinceMs ?? atMs, atMs);
  if (atMs - sinceMs >= resetMs) return { ...replace(state, reading, atMs, rules), flag: "clock-step" };
  return { state: { ...state, impossibleSinceMs: sinceMs }, slots: [], flag: "clock-step" };
}

function open(reading: Reading, atMs: number, rules: LedgerRules, before: LedgerState | null): LedgerState {
  const slot = slotAt(atMs, rules.slotMinutes);
  const register = (wh: number | null, old: Register | null): Register | null =>
    wh === null && !old ? null : { lastWh: wh, baseWh: wh ?? 0, carryWh: old ? slotWh(old) : 0 };
  const sameSlot = before !== null && before.slotStartMs === slot.startMs;
  return {
    meterId: reading.meterId,
    atMs,
    slotStartMs: slot.startMs,
    slotEndMs: slot.endMs,
    import: register(reading.importWh, sameSlot ? before.import : null),
    export: register(reading.exportWh, sameSlot ? before.export : null),
    measured: before === null ? atMs === slot.startMs : false,
    unchecked: reading.quality === "unchecked",
    clockSynced: reading.clockSynced,
    impossibleSinceMs: null,
  };
}

/** Closes the ledger of one meter where it stands and opens that of the next. */
function replace(
  state: LedgerState,
  reading: Reading,
  atMs: number,
  rules: LedgerRules,
): { state: LedgerState; slots: SlotTotal[] } {
  const next = open(reading, atMs, rules, state);
  const closed = next.slotStartMs === state.slotStartMs ? [] : totals({ ...state, measured: false }, reading.meter);
  return { state: next, slots: closed };
}

function check(state: LedgerState, reading: Reading, atMs: number, rules: LedgerRules): Flag | undefined {
  for (const [register, wh] of [
    [state.import, reading.importWh],
    [state.export, reading.exportWh],
  ] as const) {
    if (!register || register.lastWh === null || wh === null) continue;
    if (wh < register.lastWh) return "counter-backwards";
    // One extra Wh for counters that round, and at least a minute for clocks that do.
    const mostWh = (rules.plausibleW * Math.max(atMs - state.atMs, closeMs)) / 3_600_000 + 1;
    if (wh - register.lastWh > mostWh) return "counter-jump";
  }
  return undefined;
}

function advance(
  from: LedgerState,
  reading: Reading,
  atMs: number,
  rules: LedgerRules,
): { state: LedgerState; slots: SlotTotal[] } {
  const slots: SlotTotal[] = [];
  const spanMs = atMs - from.atMs;
  const close = spanMs <= closeMs;
  const whAt = ({ lastWh }: Register, endWh: number | null, boundaryMs: number): number | null =>
    lastWh === null ? null : Math.round(lastWh + (((endWh ?? lastWh) - lastWh) * (boundaryMs - from.atMs)) / spanMs);
  let state: LedgerState = { ...from, impossibleSinceMs: null };
  while (state.slotEndMs <= atMs) {
    const boundaryMs = state.slotEndMs;
    const cut = (register: Register | null, original: Register | null, endWh: number | null): Register | null =>
      register && original && { ...register, lastWh: whAt(original, endWh, boundaryMs) };
    const ended = {
      ...state,
      import: cut(state.import, from.import, reading.importWh),
      export: cut(state.export, from.export, reading.exportWh),
    };
    slots.push(...totals({ ...ended, measured: state.measured && close }, reading.meter));
    const next = slotAt(boundaryMs, rules.slotMinutes);
    const begin = (register: Register | null): Register | null =>
      register && register.lastWh !== null ? { lastWh: register.lastWh, baseWh: register.lastWh, carryWh: 0 } : null;
    state = {
      ...ended,
      slotStartMs: next.startMs,
      slotEndMs: next.endMs,
      import: begin(ended.import),
      export: begin(ended.export),
      measured: close,
      unchecked: false,
      clockSynced: true,
    };
  }
  const reach = (register: Register | null, wh: number | null): Register | null => {
    if (wh === null) return register;
    return register && register.lastWh !== null
      ? { ...register, lastWh: wh }
      : { lastWh: wh, baseWh: wh, carryWh: register?.carryWh ?? 0 };
  };
  return {
    state: {
      ...state,
      meterId: reading.meterId ?? state.meterId,
      atMs,
      import: reach(state.import, reading.importWh),
      export: reach(state.export, reading.exportWh),
      unchecked: state.unchecked || reading.quality === "unchecked",
      clockSynced: state.clockSynced && reading.clockSynced,
    },
    slots,
  };
}

/** Energy of a register in the open slot. */
const slotWh = ({ carryWh, lastWh, baseWh }: Register): number => (lastWh === null ? carryWh : carryWh + lastWh - baseWh);

function totals(state: LedgerState, meter: string): SlotTotal[] {
  const quality: Quality = !state.measured ? "estimated" : state.unchecked ? "unchecked" : "valid";
  return (["import", "export"] as const).flatMap((name) => {
    const register = state[name];
    if (!register) return [];
    const { slotStartMs: startMs, slotEndMs: endMs, clockSynced } = state;
    return [{ meter, register: name, startMs, endMs, wh: slotWh(register), quality, clockSynced }];
  });
}
