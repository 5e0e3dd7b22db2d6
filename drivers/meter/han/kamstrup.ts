import { integerAt } from "./axdr.ts";
import { plainClock, type HanDialect } from "./han-dialect.ts";
import { unit } from "./han-entry.ts";

/** Beyond this no voltage goes: some meters (Denmark, 2025) send 0.01 V in the same list. */
const mostV = 1000;

/**
 * Kamstrup, Norway, Sweden, Denmark: list id, then names and values without scalers. Currents in 0.01 A, voltages in V.
 * Energy in 10 Wh, but in Wh in most of Sweden, and no byte of the list tells the one from the other.
 * @param energyStepWh what one count of energy stands for
 */
export function kamstrup(energyStepWh: 1 | 10): HanDialect {
  return energyStepWh === 1 ? inWh : inTenWh;
}

const inTenWh = dialect(1);
const inWh = dialect(0);

function dialect(energyExponent: number): HanDialect {
  return {
    maker: "kamstrup",
    clock: plainClock,
    exponent(of, bytes, { at }) {
      if (of === unit.A) return -2;
      if (of === unit.V) return (integerAt(bytes, at) ?? 0) >= mostV ? -2 : 0;
      return of === unit.Wh || of === unit.varh ? energyExponent : 0;
    },
  };
}
