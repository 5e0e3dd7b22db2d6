import { divideHalfEven } from "../../core/units.ts";
import { askedDirections, overloadSumW } from "./congestion.ts";
import { flowsW, type Grid } from "./grid-model.ts";
import type { Offer, Order } from "./session.ts";

/** A place with its prognosis and, perhaps, an offer to leave it. */
export interface OfferedSeat {
  point: string;
  prognosisW: readonly number[];
  offer: Offer | null;
}

/** What became of an offer; `why` it was not ordered. */
export interface Cleared {
  order: Order | null;
  why?: { code: string; message: string };
}

export const wholeShare: number = 1_000_000;

/**
 * Orders what keeps the limits, and pays what was asked: an offer dearer than the reserve price is left out; then, the dearest
 * first, each is ordered only as far as the limits need it. A part of an offer costs that part of its price. Pure.
 * @param reserve the most that is paid, micro-units per kWh of what was asked for
 */
export function clearOffers(grid: Grid, hours: number, seats: readonly OfferedSeat[], reserve: bigint): Cleared[] {
  const prognoses = seats.map(({ point, prognosisW }) => ({ point, powerW: prognosisW }));
  const directions = seats.map(({ point }) => askedDirections(grid, prognoses, point));
  const movedWh = seats.map((seat, index) => movedBy(seat, directions[index] ?? new Int8Array(), hours));
  const shares = seats.map(({ offer }, index): number => {
    if (!offer) return 0;
    return offer.price * 1000n <= reserve * BigInt(movedWh[index] ?? 0) ? wholeShare : 0;
  });
  const perWh = (index: number): number => Number(seats[index]?.offer?.price ?? 0n) / Math.max(1, movedWh[index] ?? 0);
  const tooDear = new Set(shares.flatMap((share, index) => (share === 0 && seats[index]?.offer ? [index] : [])));
  for (const index of seats.map((_, at) => at).toSorted((one, other) => perWh(other) - perWh(one)))
    if (shares[index] === wholeShare) shares[index] = leastShare(index);

  return seats.map(({ offer }, index): Cleared => {
    if (!offer) return { order: null };
    const share = shares[index] ?? 0;
    if (share === 0) {
      const dear = `${offer.price} micro-units for ${movedWh[index]} Wh is more than the reserve price of ${reserve} per kWh`;
      return {
        order: null,
        why: tooDear.has(index)
          ? { code: "market-flex-above-reserve", message: dear }
          : { code: "market-flex-not-needed", message: "the limits are kept without it" },
      };
    }
    return {
      order: {
        offer: offer.id,
        share,
        powerW: scheduleOf(index),
        price: divideHalfEven(offer.price * BigInt(share), BigInt(wholeShare)),
        asked: Array.from(directions[index] ?? []),
      },
    };
  });

  function scheduleOf(index: number, share = shares[index] ?? 0): number[] {
    const seat = seats[index];
    return (seat?.prognosisW ?? []).map((from, slot) => {
      const to = seat?.offer?.powerW[slot] ?? from;
      return share === wholeShare ? to : from + Math.floor(((to - from) * share) / wholeShare);
    });
  }

  function overloadW(): number {
    return overloadSumW(
      grid,
      seats.map(({ point }, index) => ({ point, powerW: scheduleOf(index) })),
    );
  }

  /** The least that may be ordered of an offer without more overload than with all of it. */
  function leastShare(index: number): number {
    const offer = seats[index]?.offer;
    if (!offer) return 0;
    const withAll = overloadW();
    const tried = (share: number): boolean => {
      shares[index] = share;
      return overloadW() <= withAll;
    };
    if (tried(0)) return 0;
    const needed = Math.max(offer.leastShare, neededShare(index));
    return needed < wholeShare && tried(needed) ? needed : wholeShare;
  }

  /** From how flows change with the share: the largest share that any overloaded place still needs, rounded up. */
  function neededShare(index: number): number {
    const point = seats[index]?.point ?? "";
    const [without, all] = [0, wholeShare].map((share) =>
      flowsW(
        grid,
        seats.map((seat, other) => ({
          point: seat.point,
          powerW: other === index ? scheduleOf(index, share) : scheduleOf(other),
        })),
      ),
    );
    const path = new Set(grid.pathFrom.get(point));
    let needed = 0;
    for (const { name, importLimitW, exportLimitW } of grid.elements.filter((element) => path.has(element.name)))
      for (let slot = 0; slot < grid.slots; slot += 1) {
        const [from, to] = [without?.get(name)?.[slot] ?? 0, all?.get(name)?.[slot] ?? 0];
        const [high, low] = [importLimitW[slot] as number, -(exportLimitW[slot] as number)];
        if (from > high && to < from) needed = Math.max(needed, Math.min(1, (from - high) / (from - to)));
        if (from < low && to > from) needed = Math.max(needed, Math.min(1, (low - from) / (to - from)));
      }
    // A little more, because schedules are whole W.
    return Math.min(wholeShare, Math.ceil(needed * wholeShare) + 1);
  }
}

/** What an offer moves as it was asked for, Wh: what it takes less where import is short, and more where export is. */
function movedBy({ prognosisW, offer }: OfferedSeat, directions: Int8Array, hours: number): number {
  if (!offer) return 0;
  let watts = 0;
  for (const [slot, from] of prognosisW.entries())
    watts += Math.max(0, (from - (offer.powerW[slot] ?? from)) * (directions[slot] ?? 0));
  return Math.round(watts * hours);
}
