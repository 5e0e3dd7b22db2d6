const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/** A length of time such as 90m, 2h or 14d in ms; undefined where it is none. */
export function spanMs(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (unitMs[unit] ?? 0);
}
