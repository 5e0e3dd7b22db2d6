import type { ObisValue } from "./obis.ts";

/**
 * An unsigned decimal times 10^shift as an integer, worked out on the digits so that no float ever touches a counter.
 * Digits below the unit are cut off, so a counter never runs ahead. Undefined where the text is no decimal.
 * Accepts a decimal comma, as Kamstrup 382 sends.
 */
export function scaledInteger(text: string, shift: number): number | undefined {
  const match = /^(\d{1,15})(?:[.,](\d{1,12}))?$/.exec(text);
  if (!match) return undefined;
  const [, whole = "0", fraction = ""] = match;
  const value = Number(whole + fraction.slice(0, shift).padEnd(shift, "0"));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Number and lower-case unit of a value; some meters leave out the "*" between them ("00.123kW"). */
function split(value: ObisValue): { text: string; unit: string } | undefined {
  if (value.unit !== null) return { text: value.text, unit: value.unit.toLowerCase() };
  const match = /^([\d.,]+)([A-Za-z][A-Za-z0-9]*)$/.exec(value.text);
  return match?.[1] && match[2] ? { text: match[1], unit: match[2].toLowerCase() } : undefined;
}

/** Energy in integer Wh from kWh or Wh; undefined for any other unit, never a guess. */
export function energyWh(value: ObisValue): number | undefined {
  const parts = split(value);
  if (parts?.unit === "kwh") return scaledInteger(parts.text, 3);
  return parts?.unit === "wh" ? scaledInteger(parts.text, 0) : undefined;
}

/** Power in integer W from kW or W. */
export function powerW(value: ObisValue): number | undefined {
  const parts = split(value);
  if (parts?.unit === "kw") return scaledInteger(parts.text, 3);
  return parts?.unit === "w" ? scaledInteger(parts.text, 0) : undefined;
}

/** A figure in exactly this unit (V, A), not a counter, so a float will do. */
export function figure(value: ObisValue, unit: string): number | undefined {
  const parts = split(value);
  if (parts?.unit !== unit.toLowerCase() || !/^\d{1,9}(?:[.,]\d{1,6})?$/.test(parts.text)) return undefined;
  return Number(parts.text.replace(",", "."));
}

/** A figure with whatever unit stands after it, such as m3 or GJ. */
export function quantity(value: ObisValue): { value: number; unit: string } | undefined {
  const unit = value.unit ?? /[A-Za-z][A-Za-z0-9]*$/.exec(value.text)?.[0];
  if (unit === undefined) return undefined;
  const number = figure({ text: value.unit === null ? value.text.slice(0, -unit.length) : value.text, unit }, unit);
  return number === undefined ? undefined : { value: number, unit };
}
