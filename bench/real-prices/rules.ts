import { knownUntil } from "./known-prices.ts";
import { clockZone } from "./outlook.ts";
import { warmth } from "./local-protection.ts";
import type { Command, State } from "./simulate.ts";
import type { Trial } from "./trial.ts";

type Strategy = (slot: number, state: State) => Command;

/** No plan: the car charges when it comes, thermostats switch, the battery follows the house, PV sells at any price. */
export function immediate({ home, all }: Trial): Strategy {
  return () => ({ carWh: home.carMaxW * all.hours, tankWh: 0, heatWh: 0, battery: { mode: "follow" }, curtails: false });
}

/** Where the tank is warmed to in cheap hours, and the room, °C. */
const cheapC = { tank: 65, room: 21.5 };

/**
 * What a timer with prices does, each appliance for itself: the car in the cheapest slots before it leaves, the tank in the
 * three cheapest hours of the day, rooms half warmer than needed in the six cheapest, the battery filled in the three cheapest
 * hours where the dearest pay for its losses, and emptied into the house in the twelve dearest.
 */
export function cheapestSlots(trial: Trial): Strategy {
  const { home, all, before, slotMs, startMs, sessions } = trial;
  const { hours } = all;
  const perDay = Math.round(24 / hours);
  const price = (slot: number): number => all.importPrice[before + slot] ?? 0;
  /** Whether a slot is among the cheapest so many hours of its day. */
  const isCheap = (slot: number, within: number): boolean => {
    const first = Math.floor(slot / perDay) * perDay;
    const day = Array.from({ length: perDay }, (_, at) => first + at).toSorted(
      (one, other) => price(one) - price(other) || one - other,
    );
    return day.indexOf(slot) < within / hours;
  };
  return (slot, state) => {
    const known = Math.round((knownUntil(startMs + slot * slotMs, clockZone) - startMs) / slotMs);
    const index = sessions.findIndex(({ from, until }) => slot >= from && slot < until);
    const session = sessions[index];
    let carWh = 0;
    if (session) {
      const need = Math.ceil((state.carLeftWh[index] ?? 0) / home.carEfficiency / (home.carMaxW * hours) - 1e-9);
      const open = Array.from({ length: Math.min(session.until, known) - slot }, (_, at) => slot + at).toSorted(
        (one, other) => price(one) - price(other) || one - other,
      );
      if (open.slice(0, need).includes(slot)) carWh = home.carMaxW * hours;
    }
    const cheap = isCheap(slot, 3);
    const room = { whPerK: home.roomWhPerK, lossWPerK: home.roomLossWPerK, aroundC: all.outdoorC[before + slot] ?? 0, hours };
    const isWarm = warmth(state.roomC, home.roomGainW * hours, room) >= cheapC.room;
    const day = Math.floor(slot / perDay) * perDay;
    const prices = Array.from({ length: perDay }, (_, at) => price(day + at));
    const pays = Math.max(...prices) * home.batteryEfficiency ** 2 > Math.min(...prices);
    return {
      carWh,
      tankWh: cheap && state.tankC < cheapC.tank ? home.tankW * hours : 0,
      heatWh: isCheap(slot, 6) && !isWarm ? home.heatW * 0.5 * hours : 0,
      battery: cheap && pays ? { mode: "fixed", wh: home.batteryMaxW * hours } : { mode: isCheap(slot, 12) ? "spare" : "follow" },
      curtails: false,
    };
  };
}
