/** Nominal voltage of a phase, V. @see EN 50160 */
const phaseV = 230;

/** What the main fuse carries on all phases together, W. */
export function fusePowerW({ phases, fuseA }: { phases: number; fuseA: number }): number {
  return phases * fuseA * phaseV;
}
