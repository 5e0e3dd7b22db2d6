import { nominalPhaseV } from "../../core/nominal-voltage.ts";

/** What the main fuse carries on all phases together, W. */
export function fusePowerW({ phases, fuseA }: { phases: number; fuseA: number }): number {
  return phases * fuseA * nominalPhaseV;
}
