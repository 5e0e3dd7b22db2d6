/** Words of an inverter with battery that speaks SunSpec, and where its models begin. */
export interface SunspecInverter {
  holding: [number, number][];
  at: (model: number) => number;
}

const int16 = (value: number): number => value & 0xffff;
const none = 0xffff;
const noScale = 0x8000;

/**
 * Rated 10 kW (WMax, WRtg) with a battery of 10,240 W (WChaMax), percents in hundredths, as a GEN24 has them; 62.5 % full; fed
 * in 3.6 kW. Nothing is controlled.
 * @param options.without models that it does not have
 * @param options.words words of a model by their offset from its id, instead of these
 */
export function sunspecInverter(
  options: { base?: number; without?: number[]; words?: Record<number, Record<number, number>> } = {},
): SunspecInverter {
  const { base = 40_000, without = [], words = {} } = options;
  const models: { id: number; length: number; own: Record<number, number> }[] = [
    { id: 1, length: 66, own: {} },
    { id: 103, length: 50, own: { 10: 230, 11: 231, 12: 229, 14: 3_600 } },
    { id: 120, length: 26, own: { 2: 82, 3: 1_000, 4: 1 } },
    { id: 121, length: 30, own: { 2: 10_000 } },
    { id: 123, length: 24, own: { 5: 10_000, 6: none, 7: 0, 9: 0, 23: int16(-2) } },
    {
      id: 124,
      length: 24,
      own: {
        2: 10_240,
        5: 0,
        6: none,
        8: 6_250,
        12: 10_000,
        13: 10_000,
        14: none,
        15: 3_600,
        16: none,
        17: 0,
        20: noScale,
        22: int16(-2),
        25: int16(-2),
      },
    },
  ];
  const holding: [number, number][] = [
    [base, 0x5375],
    [base + 1, 0x6e53],
  ];
  const places = new Map<number, number>();
  let next = base + 2;
  for (const { id, length, own } of models.filter((model) => !without.includes(model.id))) {
    places.set(id, next);
    const all: Record<number, number> = { ...own, ...words[id], 0: id, 1: length };
    for (let offset = 0; offset < length + 2; offset++) holding.push([next + offset, all[offset] ?? 0]);
    next += length + 2;
  }
  // The end, and what a longer read runs into.
  holding.push([next, none], ...Array.from({ length: 70 }, (_, at): [number, number] => [next + 1 + at, 0]));
  return { holding, at: (model) => places.get(model) ?? NaN };
}
