import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { Constraint } from "./constraints.ts";
import { type HouseState, newHouse } from "./house.ts";
import { usualPeakW } from "./solar-panels.ts";

const Pair = z.tuple([z.number(), z.number()]);
const Counters = z.object({ importJ: Pair, exportJ: Pair });
const Warm = z.object({ temperatureC: z.number(), calling: z.boolean() });
const State = z.object({
  seed: z.number(),
  atS: z.int(),
  closed: z.object({ boiler: z.boolean(), ev: z.boolean(), heatpump: z.boolean() }),
  car: z.object({ plugged: z.boolean(), needJ: z.number(), chargedJ: z.number() }),
  tank: Warm,
  room: Warm,
  grid: Counters,
  pump: Counters,
  panelsW: z.number().default(usualPeakW),
  solarJ: z.number().default(0),
  battery: z
    .object({
      capacityWh: z.number(),
      storedJ: z.number(),
      toldW: z.number().nullable(),
      revertS: z.number(),
      revertAtS: z.number().nullable(),
    })
    .nullable()
    .default(null),
  gasDm3: z.number(),
  constraints: z.object({
    nextTankMs: z.number(),
    nextCarMs: z.number(),
    past: z.array(Constraint),
    coldest: z.object({ atMs: z.number(), temperatureC: z.number() }),
  }),
});

/** The house in a file, or a new one where there is no file. @throws AppError simulation-bad-state */
export function loadHouse(path: string | undefined, fresh: Parameters<typeof newHouse>[0]): HouseState {
  if (path === undefined) return newHouse(fresh);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return newHouse(fresh);
    throw new AppError("simulation-bad-state", `${path} cannot be read; check its rights`, { cause });
  }
  try {
    return State.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("simulation-bad-state", `${path} is not the state of a house; remove it to begin anew`, { cause });
  }
}

/**
 * Writes the house at once and whole: a process that is killed leaves the old or the new state. Not synced to the disk,
 * since a simulation need not survive a power cut.
 */
export function saveHouse(path: string, state: HouseState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}
