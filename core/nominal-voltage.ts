/** Nominal voltage between a phase and neutral, V. @see EN 50160 */
export const nominalPhaseV = 230;
