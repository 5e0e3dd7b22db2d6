import { inBandDialect, type HanDialect } from "./han-dialect.ts";

/**
 * Aidon, Norway and Sweden: an array of {logical name, value[, {scaler, unit}]}, so that nothing is left to know but the
 * clock, which keeps winter time and calls that a deviation of 0. Norwegian Landis+Gyr (EMBRIQ) send the same array.
 */
export const aidon: HanDialect = {
  ...inBandDialect,
  maker: "aidon",
  clock: { summer: "status", zeroIsUnknown: true },
};
