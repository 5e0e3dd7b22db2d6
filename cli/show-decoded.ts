import type { Decoded, DecodedValue } from "../drivers/decode/decoded.ts";

/** A decoded telegram for people: what it is, then one line for each object. */
export function showDecoded({ family, meter, integrity, encryption, time, objects, reading, error }: Decoded): string[] {
  const state = `${family} ${meter === null ? "(no name)" : printable(meter)}, checksum ${integrity}, encryption ${encryption}, ${time ?? "no time"}`;
  if (error) return [state, `  ${error.code} at byte ${error.offset}: ${error.message}`];
  const lines = Object.entries(objects).map(
    ([code, values]) => `  ${code.padEnd(14)} ${[values].flat().map(valueText).join(", ")}`,
  );
  const { importWh = null, exportWh = null, powerW = null, quality } = reading ?? {};
  const said = reading
    ? [`  = import ${importWh ?? "-"} Wh, export ${exportWh ?? "-"} Wh, power ${powerW ?? "-"} W, ${quality}`]
    : [];
  return [state, ...lines, ...said];
}

/** What a meter says must not move the cursor of a terminal. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, "?");

const valueText = ({ value, unit }: DecodedValue): string =>
  `${printable(String(value ?? "none"))}${unit === null ? "" : ` ${printable(unit)}`}`;
