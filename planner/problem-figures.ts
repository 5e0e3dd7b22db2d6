import { z } from "zod";

/** Above anything that a home has, and small enough that sums and penalties of it stay numbers. */
const most = 1e9;
/** Any figure: a price, a temperature, a gain. */
export const figure = z.number().min(-most).max(most);
/** A figure that is not below 0. */
export const amount = z.number().min(0).max(most);
/** Nothing has less mass, capacity or size than this, in the unit of its field: divisions by it stay numbers. */
export const size = z.number().min(1).max(most);
/** An efficiency, above 0 and at most 1. */
export const efficiency = z.number().min(0.01).max(1);
/** At most this many slots, and as many figures of a list. */
export const mostSlots = 3000;

const isEntry = (value: unknown): boolean => value === null || typeof value === "number";
const Entry = z.union([figure, z.nan(), z.null()], { error: "expected a number; null and .nan are gaps" });
/** A figure a slot: one number for all, or one each. Null and NaN are gaps, which are filled and said. */
export const Series = z.union([figure, z.nan(), z.null(), z.array(Entry).min(1)], {
  error: ({ input }) =>
    `${wrongEntry(input)}, expected a number, or a list with one number a slot; null and .nan are gaps, nothing else is`,
});

function wrongEntry(input: unknown): string {
  if (!Array.isArray(input)) return `it is ${shown(input)}`;
  const index = input.findIndex((value) => !isEntry(value) || value === Infinity || value === -Infinity);
  return `entry ${index} is ${shown(input[index])}`;
}

function shown(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return JSON.stringify(value).slice(0, 40);
}

const instantWanted = "an instant in UTC such as 2026-07-20T07:00:00Z";
/** An instant in UTC, with `Z`. */
export const PlanInstant = z.iso.datetime({ error: ({ input }) => `it is ${shown(input)}, expected ${instantWanted}` });
/** A point in time: whole slots since the start (0 is the start, N the end of slot N-1), or an instant where `start` is given. */
export const When = z.union([z.int().nonnegative(), PlanInstant], {
  error: ({ input }) => `it is ${shown(input)}, expected a count of whole slots from the start (0 or more), or ${instantWanted}`,
});
