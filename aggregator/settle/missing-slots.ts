import type { AggregatorStore } from "../store/aggregator-store.ts";

const dayMs = 24 * 3_600_000;
/** So far behind the last settled instant missing slots are looked for; what lies beyond has its turn later. */
const lookedMs = 10 * dayMs;

/**
 * Time from an instant on that no import slot of the grid meter covers although a later one is there; null where none is missing,
 * or none came later.
 */
export async function missingSlots(
  store: Pick<AggregatorStore, "slots" | "newestSlot">,
  site: string,
  fromMs: number,
  nowMs: number,
): Promise<{ fromMs: number; toMs: number } | null> {
  let reachedMs = fromMs;
  for (const { startMs, endMs } of await store.slots(site, "import", fromMs, Math.min(nowMs, fromMs + lookedMs))) {
    if (startMs > reachedMs) return { fromMs: reachedMs, toMs: startMs };
    reachedMs = Math.max(reachedMs, endMs);
  }
  const newestMs = await store.newestSlot(site);
  return newestMs === null || newestMs <= reachedMs || newestMs > nowMs
    ? null
    : { fromMs: reachedMs, toMs: Math.min(newestMs, reachedMs + lookedMs) };
}
