import type { Intent } from "../plan/intent.ts";

/** A meter that has been silent so long says nothing about the house. */
export const staleMeterMs = 60_000;

/** A wall clock that moved by more than this against the monotonic one has jumped. */
export const clockJumpMs = 120_000;
/** So long after a jump nobody can say which instruction holds. */
export const afterJumpMs = 5 * 60_000;

/** What the guard decides by, besides its memory. Powers in W, import positive. */
export interface GuardInput {
  /** Monotonic clock, ms. */
  nowMs: number;
  /** Since the wall clock has jumped, ms; Infinity where it has not. */
  sinceJumpMs: number;
  /** Age of the newest believed grid reading, ms; Infinity before the first. */
  meterAgeMs: number;
  /** Net import at the grid meter; null where it is not known. */
  importW: number | null;
  /** The same of each phase, in their order; shorter or null where it is not known. */
  phaseW: readonly (number | null)[];
  /** What the house may take from the grid by its connection and contract. */
  maxImportW: number;
  /** What storage may make it feed in; null without such a limit. */
  maxExportW: number | null;
  /** What the fuse lets one phase take; null where that is not watched. */
  fusePhaseW: number | null;
  /** Limit of the grid operator's channel; null is unlimited. */
  gridLimitW: number | null;
  /** What the rest of this quarter of an hour may take under a capacity tariff; null without one. */
  peakW: number | null;
  /** The delay drawn for this slot, ms. */
  increaseDelayMs: number;
  /** So fast may what the agent controls grow, W per minute; null without a limit. */
  rampWPerMin: number | null;
  /** Storage that may give nothing more by a plan, with why: it is at its reserve, or nobody knows how full it is. */
  spent: ReadonlyMap<string, string>;
  intents: readonly Intent[];
}
