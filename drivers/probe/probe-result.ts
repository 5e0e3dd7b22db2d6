import { settingsText, type SerialSettings } from "../bus/byte-bus.ts";

/** Where a meter is looked for. */
export type ProbePlace = { kind: "serial"; path: string } | { kind: "tcp"; host: string; port: number };

/** A meter that answered or spoke. */
export interface FoundMeter {
  family: "p1" | "han" | "iec62056-21" | "modbus" | "sunspec";
  /** How it names itself; null where it does not. */
  meter: string | null;
  /** Unit id; Modbus only. */
  unit?: number;
  /** Families of the catalogue that its voltages fit, the likeliest first; Modbus only. */
  candidates?: string[];
  /** What it measures, where it says so; else somebody has to know. */
  role?: "pv";
  /** Options of the driver that reads it, as they stand in YAML; null where no driver fits. */
  driver: ({ driver: string } & Record<string, string | number | boolean>) | null;
  /** What is left to do; null where nothing is. */
  note: string | null;
}

/** What was heard on the line under one setting. */
export interface Heard {
  /** Null on a socket, whose other end has its own settings. */
  settings: SerialSettings | null;
  bytes: number;
  /** Bytes from 0x80 on: text has none, an inverted line many. */
  highBytes: number;
  /** Codes of pieces that were nearly a telegram. */
  codes: string[];
  /** The first bytes as hex, for people. */
  sample: string;
}

/** Why nothing was found, most likely. */
export interface LikelyCause {
  code: string;
  message: string;
}

/** What a probe found, or why it found nothing. */
export interface ProbeResult {
  found: FoundMeter[];
  /** How the line has to be opened for what was found. */
  bus: ProbeBus | null;
  cause: LikelyCause | null;
  heard: Heard[];
}

/** Entry under `buses` in YAML. */
export type ProbeBus = { type: "serial" | "tcp" | "modbus_tcp" } & Record<string, string | number>;

/** Settings as options in YAML. */
export function settingsOptions({ baud, dataBits, parity, stopBits }: SerialSettings): Record<string, string | number> {
  return { baud, data_bits: dataBits, parity, stop_bits: stopBits };
}

/** Settings as people write them; a socket has none. */
export function heardAt(settings: SerialSettings | null): string {
  return settings === null ? "the socket" : settingsText(settings);
}

/**
 * The part of agent.yaml that reads what was found. The first meter that does not say what it measures is taken for
 * that of the grid, the others for loads. Undefined where no driver fits.
 */
export function probeFragment({ found, bus }: Pick<ProbeResult, "found" | "bus">): object | undefined {
  const usable = found.filter(({ driver }) => driver !== null);
  if (bus === null || usable.length === 0) return undefined;
  const grid = usable.find(({ role }) => role === undefined);
  const name = usable.some(({ unit }) => unit !== undefined) ? "modbus" : "meter";
  const meters = usable.map((one): [string, object] => {
    const role = one === grid ? "grid" : (one.role ?? "load");
    return [one.unit === undefined ? role : `${role}_${one.unit}`, { role, bus: name, ...one.driver }];
  });
  return { buses: { [name]: bus }, meters: Object.fromEntries(meters) };
}
