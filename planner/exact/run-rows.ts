import type { RunRules } from "../home.ts";
import type { LinearModel } from "./linear-model.ts";

/**
 * The rules for going on and off as rows: a start is where it is on and was not, and after it stays on for minOn slots; after an
 * end it stays off for minOff; it is never off for more than maxOff.
 * @param on column of each slot that is 1 where it is on, -1 where it cannot be
 * @param maxIn Wh that it may take in each slot: 0 ends a run however short, since it was unplugged
 */
export function runRows(model: LinearModel, rules: RunRules, on: readonly number[], maxIn: Float64Array): void {
  const { minOn, minOff, maxOff, once, startCost, wasOn, mustStay, mayStayOff } = rules;
  const slots = on.length;
  const begins: number[] = [];
  const ends: number[] = [];
  /** The slot from which on it could run all the time. */
  let plugged = 0;
  for (let slot = 0; slot < slots; slot += 1) {
    const begin = model.column(0, 1, startCost, false);
    const end = model.column(0, 1, 0, false);
    const was = slot === 0 ? (wasOn ? 1 : 0) : 0;
    // on[t] - on[t-1] = begin[t] - end[t]
    model.row(was, was, [
      [on[slot] ?? -1, 1],
      [slot === 0 ? -1 : (on[slot - 1] ?? -1), -1],
      [begin, -1],
      [end, 1],
    ]);
    model.row(-Infinity, 1, [
      [begin, 1],
      [end, 1],
    ]);
    begins.push(begin);
    ends.push(end);
    if (!((maxIn[slot] ?? 0) > 0)) plugged = slot + 1;
    const recentBegins = begins.slice(Math.max(plugged, slot - minOn + 1)).map((column): [number, number] => [column, 1]);
    if (minOn > 1 && plugged <= slot) model.row(-Infinity, 0, [...recentBegins, [on[slot] ?? -1, -1]]);
    const recentEnds = ends.slice(Math.max(0, slot - minOff + 1)).map((column): [number, number] => [column, 1]);
    if (minOff > 1) model.row(-Infinity, 1, [...recentEnds, [on[slot] ?? -1, 1]]);
    if (slot >= maxOff) onceAmong(model, on.slice(slot - maxOff, slot + 1));
  }
  // What began before the plan goes on into it.
  for (const [slot, column] of on.slice(0, mustStay).entries()) {
    if (wasOn && !((maxIn[slot] ?? 0) > 0)) break;
    if (wasOn) atLeast(model, column);
    else atMost(model, column);
  }
  if (mayStayOff < slots) onceAmong(model, on.slice(0, mayStayOff + 1));
  if (once)
    model.row(
      -Infinity,
      wasOn ? 0 : 1,
      begins.map((column): [number, number] => [column, 1]),
    );
}

/** On in one of these slots at least, unless it can be in none. */
function onceAmong(model: LinearModel, columns: readonly number[]): void {
  const possible = columns.filter((column) => column >= 0).map((column): [number, number] => [column, 1]);
  if (possible.length > 0) model.row(1, Infinity, possible);
}
function atLeast(model: LinearModel, column: number): void {
  if (column >= 0) model.row(1, 1, [[column, 1]]);
}
function atMost(model: LinearModel, column: number): void {
  if (column >= 0) model.row(0, 0, [[column, 1]]);
}
