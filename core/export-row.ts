/** One exported row: instants in ISO 8601, energy in Wh, power in W, money in micro-units as text. The names say the unit. */
export type ExportRow = Record<string, string | number | boolean | null>;
