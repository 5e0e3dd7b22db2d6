/** How much work an answer is worth: only look at what is, find the better valley, settle in it, or search pairs too. */
export type Effort = "keep" | "quick" | "usual" | "thorough";

/** A pull towards a profile, as sharing ADMM makes it: money for each Wh² between the net and `towards`. */
export interface Pull {
  towards: Float64Array;
  pricePerWh2: number;
  /** Slots before this one are left alone; 0 where it is left out. */
  from?: number;
}

/**
 * What a party is asked: a profile for these prices, within this headroom. Arrays have one entry a slot; energies are Wh of net,
 * import positive.
 */
export interface Ask<Plan> {
  /** Money for each Wh of net on top of the party's own prices; negative where export is short of room. */
  price: Float64Array;
  /** The highest and the lowest net that there is room for. */
  most: Float64Array;
  least: Float64Array;
  /**
   * Money for each Wh beyond that room. Below every wish of the party, whatever is asked; "firm" stands above them, for a limit
   * that cannot be met otherwise.
   */
  beyond: number | "firm";
  effort: Effort;
  /** The plan to begin with, which stays unless another one is better by more than `keepWithin` (money, under this ask). */
  from: Plan | undefined;
  keepWithin: number;
  pull?: Pull;
}

/** A party's answer. The plan is its own affair: it goes back to the party with the next ask. */
export interface Answer<Plan> {
  plan: Plan;
  /** True where that is the plan of the ask. */
  kept: boolean;
  /** Net of each slot, Wh. */
  netWh: Float64Array;
  /** What the plan costs the party by its own prices, without those of the ask; missed wishes with their price. */
  money: number;
  /** Energy that the party's wishes miss, Wh. */
  missedWh: number;
  /** PV that it would use or sell at its own prices, and holds back for the ask, Wh. */
  heldBackWh: number;
}

/** Whoever answers prices and headroom with a power profile: a home, or a portfolio of them. */
export interface Party<Plan> {
  answer(ask: Ask<Plan>): Answer<Plan>;
}
