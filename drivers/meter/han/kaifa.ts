import { layout, type HanDialect, type Layout } from "./han-dialect.ts";
import { unit } from "./han-entry.ts";

/**
 * Kaifa, Norway: lists of 1, 9, 13, 14 and 18 values without names; Sweden: names and values without scalers.
 * Currents in mA, voltages in 0.1 V, energy in Wh. The clock shows local time and never says which.
 */
export const kaifa: HanDialect = {
  maker: "kaifa",
  clock: { summer: "calendar", zeroIsUnknown: false },
  exponent: (of) => (of === unit.A ? -3 : of === unit.V ? -1 : 0),
};

const head = ["09 1-1:0.2.129", "09 0-0:96.1.0", "09 0-0:96.1.7", "06 1-0:1.7.0", "06 1-0:2.7.0", "06 1-0:3.7.0", "06 1-0:4.7.0"];
const onePhase = ["06 1-0:31.7.0", "06 1-0:32.7.0"];
const threePhases = ["06 1-0:31.7.0", "06 1-0:51.7.0", "06 1-0:71.7.0", "06 1-0:32.7.0", "06 1-0:52.7.0", "06 1-0:72.7.0"];
const hour = ["09 0-0:1.0.0", "06 1-0:1.8.0", "06 1-0:2.8.0", "06 1-0:3.8.0", "06 1-0:4.8.0"];

/** Norwegian lists, told by their length: 1, 13, 9, 18 and 14 values. */
export const kaifaLayouts: readonly Layout[] = [
  layout(["06 1-0:1.7.0"]),
  layout([...head, ...threePhases]),
  layout([...head, ...onePhase]),
  layout([...head, ...threePhases, ...hour]),
  layout([...head, ...onePhase, ...hour]),
];
