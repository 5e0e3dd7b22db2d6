import { valuesIn, type ReadBlock, type Values } from "./block-reader.ts";
import { voltageVerdict } from "./plausibility.ts";
import type { RegisterMap, WordOrder } from "./register-map.ts";

/** Values in the order of words that the voltage speaks for; no order where it speaks for both or for none. */
export function valuesByVoltage(map: RegisterMap, blocks: readonly ReadBlock[]): { values: Values; order?: WordOrder } {
  const declared = map.registers.find(({ words }) => words > 1)?.order ?? "ABCD";
  const other = declared === "ABCD" ? "CDAB" : "ABCD";
  const [first, second] = [declared, other].map((order) => valuesIn(map.registers, blocks, order as WordOrder)) as [
    Values,
    Values,
  ];
  const [firstGood, secondGood] = [voltageVerdict(first) === "good", voltageVerdict(second) === "good"];
  if (firstGood === secondGood) return { values: first };
  return firstGood ? { values: first, order: declared } : { values: second, order: other };
}
