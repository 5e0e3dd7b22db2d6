import { runNowBaseline, thermostatBaseline } from "../../planner/baseline.ts";
import { windowAt } from "../../planner/demand-window.ts";
import type { ApplianceConfig } from "../config/appliance-config.ts";

/**
 * What one appliance did in one slot. open: what it would have done is not known before its window or recovery is over;
 * final: baselineWh is for good, and where both figures are null it was left alone, so nothing was changed; unknown: a
 * figure that the baseline needs is missing for good.
 */
export interface ApplianceSlot {
  resource: string;
  startMs: number;
  endMs: number;
  /** Energy drawn, Wh, negative where a battery gave; null where nobody measured it. */
  actualWh: number | null;
  held: boolean;
  /** What a battery's fill rose by, Wh; null for others. */
  fillWh: number | null;
  /** What it would have drawn by itself, Wh. */
  baselineWh: number | null;
  /** Start of the first slot of the window or block that it is part of. Baselines move energy within one span only. */
  spanMs: number;
  state: "open" | "final" | "unknown";
}

/** Nothing makes up for a block that was longer. */
const longestSpanMs = 24 * 3_600_000;

/**
 * What the slots of one appliance would have been by themselves, where that can be said by now. Pure.
 * @param open its slots in order that are not final yet, the newest last
 * @returns the same slots; those that stay "open" are asked about again with the next slot
 */
export function closeBaselines(
  appliance: Pick<ApplianceConfig, "demand" | "modes" | "device">,
  zone: string,
  open: readonly ApplianceSlot[],
): ApplianceSlot[] {
  const { demand } = appliance;
  if (demand?.kind === "energy") {
    const fullW = appliance.modes.at(-1)?.maxW ?? 0;
    const windowOf = ({ startMs, endMs }: Pick<ApplianceSlot, "startMs" | "endMs">): number | undefined =>
      (windowAt(demand, zone, startMs) ?? windowAt(demand, zone, endMs - 1))?.fromMs;
    return spans(open, windowOf).flatMap((span) => closeWindow(span, open.at(-1), windowOf, fullW));
  }
  if (demand?.kind === "block") return closeBlocks(open);
  // A battery by itself would have idled; what nothing is asked of and nothing is known of stays as it is.
  return open.map((slot) => (slot.actualWh === null ? asItIs(slot) : final(slot, 0)));
}

const final = (slot: ApplianceSlot, baselineWh: number | null): ApplianceSlot => ({ ...slot, baselineWh, state: "final" });
const asItIs = (slot: ApplianceSlot): ApplianceSlot => final(slot, slot.actualWh);

/** Neighbours with the same key. */
function spans(slots: readonly ApplianceSlot[], keyOf: (slot: ApplianceSlot) => number | undefined): ApplianceSlot[][] {
  const found: { key: number | undefined; slots: ApplianceSlot[] }[] = [];
  for (const slot of slots) {
    const key = keyOf(slot);
    const last = found.at(-1);
    if (last && last.key === key) last.slots.push(slot);
    else found.push({ key, slots: [slot] });
  }
  return found.map((one) => one.slots);
}

function closeWindow(
  span: readonly ApplianceSlot[],
  newest: ApplianceSlot | undefined,
  windowOf: (slot: Pick<ApplianceSlot, "startMs" | "endMs">) => number | undefined,
  fullW: number,
): ApplianceSlot[] {
  const [first, last] = [span[0], span.at(-1)];
  if (!first || !last) return [];
  const openedMs = windowOf(first);
  if (openedMs === undefined) return span.map(asItIs);
  const lengthMs = first.endMs - first.startMs;
  const spanned = span.map((slot) => ({ ...slot, spanMs: first.startMs }));
  const toEnd = windowOf({ startMs: last.endMs, endMs: last.endMs + lengthMs }) !== openedMs;
  if (!toEnd && last === newest) return spanned;
  const whole = toEnd && first.startMs < openedMs + lengthMs;
  return closeSpan(spanned, whole, (drawn) => runNowBaseline(drawn, Math.floor((fullW * lengthMs) / 3_600_000)));
}

/** A block and as long after it, or as long as it was free until the next block. */
function closeBlocks(open: readonly ApplianceSlot[]): ApplianceSlot[] {
  const done: ApplianceSlot[] = [];
  let span: ApplianceSlot[] = [];
  const close = (): void => {
    const startMs = span[0]?.startMs ?? 0;
    done.push(
      ...closeSpan(
        span.map((slot) => ({ ...slot, spanMs: startMs })),
        true,
        thermostatBaseline,
      ),
    );
    span = [];
  };
  for (const slot of open) {
    const free = span.filter(({ held }) => !held).length;
    if (slot.held && free > 0) close();
    if (slot.held || span.length > 0) span.push(slot);
    else done.push(asItIs(slot));
    const held = span.filter((one) => one.held).length;
    const lengthMs = slot.endMs - (span[0]?.startMs ?? slot.endMs);
    if (span.length > 0 && (span.length >= 2 * held || lengthMs >= longestSpanMs)) close();
  }
  const startMs = span[0]?.startMs ?? 0;
  return [...done, ...span.map((slot) => ({ ...slot, spanMs: startMs }))];
}

/** Only a span without holes has a baseline: energy in a hole would be moved by nobody. */
function closeSpan(
  span: readonly ApplianceSlot[],
  whole: boolean,
  baseline: (drawn: { wh: number; held: boolean }[]) => number[],
): ApplianceSlot[] {
  // Left alone all the time: whatever it drew is what it would have drawn.
  if (span.every(({ held }) => !held)) return span.map(asItIs);
  const drawn = span.flatMap(({ actualWh, held }) => (actualWh === null ? [] : [{ wh: actualWh, held }]));
  const gapless = span.every(({ startMs }, at) => at === 0 || span[at - 1]?.endMs === startMs);
  if (!whole || !gapless || drawn.length < span.length) return span.map((slot) => ({ ...slot, state: "unknown" as const }));
  const byItself = baseline(drawn);
  return span.map((slot, at) => final(slot, byItself[at] ?? 0));
}
