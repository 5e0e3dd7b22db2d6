import { valuesIn, type ReadBlock, type Values } from "./block-reader.ts";
import { voltageVerdict } from "./plausibility.ts";
import type { RegisterMap, WordOrder } from "./register-map.ts";

/** Order of words that a family's map states; undefined where no value has two. */
export function declaredOrder(map: RegisterMap): WordOrder | undefined {
  return map.registers.find(({ words }) => words > 1)?.order;
}

/** Values in the order of words that the voltage speaks for; no order where it speaks for both or for none. */
export function valuesByVoltage(map: RegisterMap, blocks: readonly ReadBlock[]): { values: Values; order?: WordOrder } {
  const declared = declaredOrder(map) ?? "ABCD";
  const other = declared === "ABCD" ? "CDAB" : "ABCD";
  const first = valuesIn(map.registers, blocks, declared);
  const second = valuesIn(map.registers, blocks, other);
  const [firstGood, secondGood] = [voltageVerdict(first) === "good", voltageVerdict(second) === "good"];
  if (firstGood === secondGood) return { values: first };
  return firstGood ? { values: first, order: declared } : { values: second, order: other };
}
