/**
 * What a thermostat would have drawn without a block: what it drew in the block and in the time after it that makes up for the
 * block, evenly over both. The sum is that of what was metered. Pure.
 * @param metered slots of the device's own meter, in order, of one block and its recovery
 * @returns Wh of each of these slots
 */
export function evenly(metered: readonly { startMs: number; endMs: number; wh: number }[]): number[] {
  const sumWh = metered.reduce((sum, { wh }) => sum + wh, 0);
  const sumMs = metered.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  let reachedMs = 0;
  let given = 0;
  return metered.map(({ startMs, endMs }) => {
    reachedMs += endMs - startMs;
    // Rounded on what has come together, so that no rest is lost.
    const wh = Math.round((sumWh * reachedMs) / sumMs) - given;
    given += wh;
    return wh;
  });
}
