/** What the grid takes for a way from a seller's zone to a buyer's. */
export interface PathFees {
  /** Micro-units per kWh, or null where there is no way. */
  between(from: string, to: string): bigint | null;
  /** False for a zone of which no way is listed: all of those are alike. */
  names(zone: string): boolean;
}

/** The fee of one way. It holds for the way back too, unless that is listed itself. */
export interface Path {
  from: string;
  to: string;
  /** Micro-units per kWh from 0, or null where there is no way. */
  fee: bigint | null;
}

/** @param base fee of every way that no path lists, within a zone too */
export function pathFees(base: bigint, paths: readonly Path[] = []): PathFees {
  const listed = new Map<string, Map<string, bigint | null>>();
  const put = (from: string, to: string, fee: bigint | null): void => {
    const row = listed.get(from) ?? new Map<string, bigint | null>();
    listed.set(from, row.set(to, fee));
  };
  for (const { from, to, fee } of paths) put(from, to, fee);
  for (const { from, to, fee } of paths) if (!listed.get(to)?.has(from)) put(to, from, fee);
  const named = new Set(paths.flatMap(({ from, to }) => [from, to]));
  return {
    names: (zone) => named.has(zone),
    between(from, to) {
      const fee = listed.get(from)?.get(to);
      return fee === undefined ? base : fee;
    },
  };
}
