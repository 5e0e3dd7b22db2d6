import { z } from "zod";
import { parseMicro } from "../../core/units.ts";
import type { TopUpLevels } from "./top-up.ts";

const Money = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'an amount of the currency as text, such as "25.00"');

/** How a party fills up its own side of each pair: the section `settlement.top_up` of its YAML file. */
export const TopUpYaml = z
  .strictObject({ below: Money, to: Money, most_per_day: Money })
  .refine(({ below, to }) => Number(below) < Number(to), { message: "must be above top_up.below", path: ["to"] });
export type TopUpYaml = z.infer<typeof TopUpYaml>;

/** In micro-units. */
export function topUpFromYaml({ below, to, most_per_day: most }: TopUpYaml): TopUpLevels {
  return { below: parseMicro(below), to: parseMicro(to), mostPerDay: parseMicro(most) };
}
