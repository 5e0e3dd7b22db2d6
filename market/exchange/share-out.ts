/** Something that may get a part of what there is. */
export interface Claim {
  hash: string;
  wh: number;
}

/**
 * Shares out a volume in proportion to what each wants, in whole Wh. What rounding leaves over goes one Wh each in the order
 * of the hashes, so that the order of arrival does not matter. The parts add up to the volume, and none is above its claim.
 * @param volumeWh at most what all want together
 */
export function shareOut(volumeWh: number, claims: readonly Claim[]): number[] {
  const wantedWh = claims.reduce((sum, { wh }) => sum + wh, 0);
  if (wantedWh <= volumeWh) return claims.map(({ wh }) => wh);
  const parts = claims.map(({ wh }) => proportion(wh, volumeWh, wantedWh));
  let leftWh = volumeWh - parts.reduce((sum, part) => sum + part, 0);
  const byHash = claims
    .map(({ hash }, index) => ({ hash, index }))
    .filter(({ index }) => (claims[index]?.wh ?? 0) > 0)
    .toSorted((one, other) => (one.hash < other.hash ? -1 : 1));
  for (const { index } of byHash) {
    if (leftWh === 0) break;
    parts[index] = (parts[index] ?? 0) + 1;
    leftWh -= 1;
  }
  return parts;
}

/** Exact also where the product is beyond what a number holds. */
function proportion(wh: number, volumeWh: number, wantedWh: number): number {
  const product = wh * volumeWh;
  // The quotient of two numbers may be rounded up to a whole one; that of a multiple is exact.
  if (Number.isSafeInteger(product)) return (product - (product % wantedWh)) / wantedWh;
  return Number((BigInt(wh) * BigInt(volumeWh)) / BigInt(wantedWh));
}
