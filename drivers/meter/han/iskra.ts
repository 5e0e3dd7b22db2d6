import { layout, plainClock, type HanDialect, type Layout } from "./han-dialect.ts";
import { unit } from "./han-entry.ts";

/** Iskraemeco, Slovenia, Croatia, Austria: values without names, ordered by grid operator. 0.01 A, 0.1 V, Wh. */
export const iskra: HanDialect = {
  maker: "iskra",
  clock: plainClock,
  exponent: (of) => (of === unit.A ? -2 : of === unit.V ? -1 : 0),
};

const device = "09 0-0:42.0.0";
const power = ["06 1-0:1.7.0", "06 1-0:2.7.0", "06 1-0:3.7.0", "06 1-0:4.7.0"];
const volts = ["12 1-0:32.7.0", "12 1-0:52.7.0", "12 1-0:72.7.0"];
const amperes = ["12 1-0:31.7.0", "12 1-0:51.7.0", "12 1-0:71.7.0"];
const phasePower = ["06 1-0:21.7.0", "06 1-0:41.7.0", "06 1-0:61.7.0", "06 1-0:22.7.0", "06 1-0:42.7.0", "06 1-0:62.7.0"];
const counters = ["06 1-0:1.8.0", "06 1-0:1.8.1", "06 1-0:1.8.2", "06 1-0:2.8.0", "06 1-0:2.8.1", "06 1-0:2.8.2"];
const reactive = ["06 1-0:5.8.0", "06 1-0:6.8.0", "06 1-0:7.8.0", "06 1-0:8.8.0"];
const registers = ["09 0-0:96.14.0", ...counters, "06 1-0:3.8.0", "06 1-0:4.8.0"];

/** Lists whose first value is the logical device name, "ISK" and digits: Slovenia. */
export const slovenianLayouts: readonly Layout[] = [
  layout([device, "09 0-0:96.1.2", ...power, ...volts, ...amperes, ...phasePower]),
  layout([device, "09 0-0:96.1.3", "03 0-0:96.3.10", ...registers]),
  layout([device, "09 0-0:96.1.3", "16 0-0:96.3.10", ...registers]),
  layout([device, "09 0-0:96.1.2", ...volts, ...amperes, ...power]),
  layout([device, "09 0-0:96.1.2", ...power, "12 1-0:32.7.0", "12 1-0:31.7.0", "06 1-0:21.7.0", "06 1-0:22.7.0"]),
  layout([
    device,
    "09 0-0:96.1.3",
    ...["1.8.1", "1.8.2", "2.8.1", "2.8.2", "3.8.1", "3.8.2", "4.8.1", "4.8.2"].map((code) => `06 1-0:${code}`),
  ]),
  layout([device, "09 0-0:96.1.2", ...power, "12 1-0:32.7.0", "06 1-0:2.8.1", "06 1-0:2.8.2"]),
  layout([device, "09 0-0:96.1.2", "12 1-0:32.7.0", "12 1-0:31.7.0", ...power]),
];

/** Lists that begin with serial number, time and date: Croatia. What follows the currents is not known. */
export const croatianLayouts: readonly Layout[] = [
  layout(
    [
      "09 0-0:96.1.0",
      "09 -",
      "09 -",
      ...counters,
      ...reactive,
      "06 1-0:1.7.0",
      "06 1-0:2.7.0",
      "12 1-0:13.7.0",
      ...phasePower,
      ...volts,
      ...amperes,
    ],
    { least: 33, most: 33 },
  ),
  layout(["09 0-0:96.1.0", "09 -", "09 -", ...counters, "06 1-0:1.7.0", "06 1-0:2.7.0", ...phasePower, ...volts, ...amperes], {
    least: 28,
    most: 28,
  }),
];

/** Lists that begin with the name of their push list, 0-6:25.9.0, then serial number, time and date: Austria. */
export const austrianLayouts: readonly Layout[] = [
  layout(
    [
      "09 -",
      "09 0-0:96.1.0",
      "09 -",
      "09 -",
      "06 1-0:1.8.0",
      "06 1-0:2.8.0",
      "06 1-0:3.8.0",
      "06 1-0:4.8.0",
      "06 1-0:1.7.0",
      "06 1-0:2.7.0",
    ],
    { least: 8, most: 12 },
  ),
];
