/** One thing that a benchmark claims: that `value` is on the right side of `limit`. */
export interface Claim {
  name: string;
  value: number;
  limit: number;
  ok: boolean;
}

/** Rounds to what the noise of a machine allows to say. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

/** Claims that a figure stays below a limit; its unit is in the name. */
export const atMost = (name: string, value: number, limit: number): Claim => ({
  name,
  value: rounded(value),
  limit,
  ok: value <= limit,
});

/** Claims that a figure is not below a limit. */
export const atLeast = (name: string, value: number, limit: number): Claim => ({
  name,
  value: rounded(value),
  limit,
  ok: value >= limit,
});

/** Prints the table, and with --json as last line `{ok, claims}`; exit code 1 when a claim falls short. */
export function report(
  rows: readonly Record<string, string | number>[],
  claims: readonly Claim[],
  argv: readonly string[],
): void {
  console.table(rows);
  for (const { name, value, limit, ok } of claims) console.log(`${ok ? "ok  " : "FAIL"} ${name}: ${value}, limit ${limit}`);
  const ok = claims.every((claim) => claim.ok);
  if (argv.includes("--json")) console.log(JSON.stringify({ ok, claims }));
  process.exitCode = ok ? 0 : 1;
}

/** The value below which a share of the samples lies. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
