/** What an appliance drew in one slot, and whether something kept it from drawing as it liked. */
export interface DrawnSlot {
  wh: number;
  /** Its setting allowed less than its full power for some of the slot. */
  held: boolean;
}

/**
 * Plug in and run now, Wh by slot: up to the first slot in which it was held it ran as it liked, so that stays; all that it
 * drew from there on is taken at once, at its power, until it is done. The sum is that of what it drew.
 * @param slots one demand window, in order
 * @param fullWh what its rated power gives in a slot; where it drew more than that in one, that much
 */
export function runNowBaseline(slots: readonly DrawnSlot[], fullWh: number): number[] {
  const first = slots.findIndex(({ held }) => held);
  if (first < 0) return slots.map(({ wh }) => wh);
  const mostWh = slots.reduce((most, { wh }) => Math.max(most, wh), fullWh);
  let leftWh = slots.slice(first).reduce((sum, { wh }) => sum + wh, 0);
  return slots.map(({ wh }, at) => {
    if (at < first) return wh;
    const taken = Math.min(leftWh, mostWh);
    leftWh -= taken;
    return taken;
  });
}

/**
 * Its own thermostat, Wh by slot: what it drew in a block and in the time after it that makes up for the block would have
 * been drawn evenly over both. Never above its power, because a mean is never above the highest; the sum is that of what
 * it drew.
 * @param slots a block and its recovery, in order
 */
export function thermostatBaseline(slots: readonly Pick<DrawnSlot, "wh">[]): number[] {
  const sumWh = slots.reduce((sum, { wh }) => sum + wh, 0);
  const until = (count: number): number => Math.floor((sumWh * count) / slots.length);
  return slots.map((_, at) => until(at + 1) - until(at));
}
