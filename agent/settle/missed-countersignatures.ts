import type { Uncountersigned } from "../store/record-store.ts";

/** So many records may be signed here and wait for the other side's signature; the next one waits for them. */
export const mostUncountersigned = 2;

/**
 * How many countersignatures in a row the aggregator has missed. A record that waits longer than allowed is one. Where the
 * record after it does not even come, that one is missed too once a service period more has gone by: so nobody is kept
 * under control by whoever just stops to settle.
 * @param waiting records after the newest that both have signed, by seq
 */
export function missedCountersignatures(waiting: readonly Uncountersigned[], nowMs: number, withinMs: number): number {
  const missed = waiting.filter(({ signedMs }) => nowMs - signedMs > withinMs);
  const last = waiting.at(-1);
  if (missed.length !== 1 || !last || missed[0] !== last) return missed.length;
  return nowMs - last.signedMs > withinMs + (last.endMs - last.startMs) ? 2 : 1;
}

/** From so many on the house goes by its own plan. */
export const missedToLeave = 2;
