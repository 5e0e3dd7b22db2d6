import type { Command, HouseRun } from "../real-prices/simulate.ts";

/** How an aggregator makes a home take less at once, from what is missed least on: its thermostats and latest starts stay. */
const reductions: readonly ((asked: Command) => Command)[] = [
  (asked) => ({ ...asked, battery: { mode: "serve" }, carTakesSpare: false, tankTakesSpare: false }),
  (asked) => ({ ...asked, carWh: 0, carFollows: false, carWaits: true }),
  (asked) => ({ ...asked, tankWh: 0, heatWh: 0 }),
  // At last batteries help the neighbours with all that they can give.
  (asked) => ({ ...asked, battery: { mode: "fixed", wh: -Infinity } }),
];

/** Commands of a slot as they are carried out, and what is beyond the limit all the same, Wh. */
export interface KeptSlot {
  commands: Command[];
  beyondWh: number;
  /** Homes that got less than was planned. */
  reduced: number[];
}

/**
 * Keeps a feeder's limit in a slot in which the homes draw something else than was foreseen: reductions, those first that were
 * reduced least before, no more than needed. Nothing that a home's own rules demand is touched.
 * @param before how often each home was reduced in the slots before; counted on
 */
export function keepLimit(
  houses: readonly HouseRun[],
  asked: readonly Command[],
  slot: number,
  limitWh: number,
  before: number[],
): KeptSlot {
  const commands = [...asked];
  const nets = houses.map((house, home) => house.peek(slot, commands[home] as Command));
  let total = nets.reduce((sum, wh) => sum + wh, 0);
  const reduced = new Set<number>();
  const order = houses.map((_, home) => home).toSorted((one, other) => (before[one] ?? 0) - (before[other] ?? 0) || one - other);
  for (const reduce of reductions)
    for (const home of order) {
      if (total <= limitWh) break;
      const command = reduce(commands[home] as Command);
      const net = houses[home]?.peek(slot, command) ?? 0;
      if (net >= (nets[home] ?? 0) - 1e-9) continue;
      total += net - (nets[home] ?? 0);
      [commands[home], nets[home]] = [command, net];
      reduced.add(home);
    }
  for (const home of reduced) before[home] = (before[home] ?? 0) + 1;
  return { commands, beyondWh: Math.max(0, total - limitWh), reduced: [...reduced] };
}
