import type { Slot } from "../../core/slots.ts";

const hourMs = 3_600_000;

/** What a meter showed in one slot. */
export interface MeteredSlot extends Slot {
  wh: number;
}

/**
 * What a metered device would have drawn without control: from the moment when it was plugged in (or wanted to run) with all
 * its power until it had the energy that it got. The sum is that of what was metered, so that only the times differ and
 * no energy is paid for that was never wanted. Pure.
 * @param session from plugging in until unplugging, or until it had to be ready
 * @param metered slots of the device's own meter that touch the session, in order
 * @param powerW rated power; where a slot shows more, that counts
 * @returns Wh of each of the metered slots
 */
export function chargeNow(session: Slot, metered: readonly MeteredSlot[], powerW: number): number[] {
  const within = metered.map(({ startMs, endMs }) =>
    Math.max(0, Math.min(endMs, session.endMs) - Math.max(startMs, session.startMs)),
  );
  const total = metered.reduce((sum, { wh }) => sum + wh, 0);
  const seenW = metered.map(({ wh }, index) => (within[index] ? (wh * hourMs) / within[index] : 0));
  const mostW = Math.max(powerW, ...seenW);
  let ranMs = 0;
  let given = 0;
  return within.map((ms, index) => {
    ranMs += ms;
    // Rounded on what has come together, so that no rest is lost; energy outside the session comes last.
    const reached = index === within.length - 1 ? total : Math.min(total, Math.round((mostW * ranMs) / hourMs));
    const wh = reached - given;
    given = reached;
    return wh;
  });
}
