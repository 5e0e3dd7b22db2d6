/**
 * A figure in [0, 1) that depends only on the seed, the stream's name and the index: there is no state to carry on,
 * so a house that restarts or steps differently sees the same weather and the same people.
 */
export type SeededRandom = (stream: string, index: number) => number;

/** Mixes 32 bits well (finaliser of MurmurHash3). */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** All streams of one seed. */
export function seededRandom(seed: number): SeededRandom {
  const streams = new Map<string, number>();
  const startOf = (stream: string): number => {
    let hash = mix(seed >>> 0);
    for (let at = 0; at < stream.length; at++) hash = mix(hash ^ stream.charCodeAt(at));
    streams.set(stream, hash);
    return hash;
  };
  return (stream, index) => mix((streams.get(stream) ?? startOf(stream)) ^ mix(index | 0)) / 2 ** 32;
}

/** Noise in [0, 1) that moves smoothly from one random figure to the next each `periodS`. */
export function smoothNoise(random: SeededRandom, stream: string, atS: number, periodS: number): number {
  const at = Math.floor(atS / periodS);
  const part = atS / periodS - at;
  return random(stream, at) * (1 - part) + random(stream, at + 1) * part;
}
