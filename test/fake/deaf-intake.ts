import type { IntakeOptions } from "../../aggregator/intake/intake.ts";

/** Nobody hears what else an intake takes than rows. */
export const deafIntake = {
  onState: () => undefined,
  onResource: () => undefined,
  onStatus: () => undefined,
  onTraded: () => undefined,
  onAnswer: () => undefined,
  onSlots: () => undefined,
  onSettlement: () => Promise.resolve(),
} satisfies Partial<IntakeOptions>;
