import type { PhaseReading, Reading } from "../../../core/reading.ts";
import { checkedReading } from "../checked-reading.ts";
import {
  counterSlot,
  exportSlot,
  importSlot,
  mostTariffs,
  netSlot,
  phaseSlot,
  slotOf,
  slots,
  slotsOfPhase,
} from "../electricity-slots.ts";
import { integerAt, tag } from "./axdr.ts";
import { noUnit, unit, type HanEntry } from "./han-entry.ts";
import { printableAt, type HanList } from "./han-list.ts";

/** What a reading has that does not stand in the list. */
export interface HanContext {
  /** Name in the configuration. */
  meter: string;
  /** How far the message may be trusted; a counter that cannot be read makes it suspect. */
  quality: "valid" | "unchecked" | "suspect";
  /** When its last byte came, ms since 1970. */
  receivedMs: number;
  clockSynced: boolean;
}

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** Where meters write who they are, by C.D.E: logical device name, identifiers 1 and 2, and Kamstrup's GS1 number. */
const deviceName = 0x2a_00_00;
const identifier = 0x60_01_00;
const secondIdentifier = 0x60_01_01;
const kamstrupNumber = 0x00_00_05;
const tariffCode = 0x60_0e_00;

type Slots = (HanEntry | undefined)[];
const empty: Slots = Array.from({ length: slots }, () => undefined);

/**
 * What a list says, as a Reading. Lists that come every 2 or 10 s have no counters and give power only.
 * @throws AppError meter-impossible-reading
 */
export function hanReading(list: HanList, context: HanContext): Reading {
  const { bytes, entries } = list;
  const table = empty.slice();
  let id: string | null = null;
  let idRank = 0;
  let tariff: HanEntry | undefined;
  let byTariff = false;
  for (const entry of entries) {
    const slot = slotOfEntry(entry);
    if (slot >= 0) {
      table[slot] ??= entry;
      if ((entry.code & 0xff) !== 0) byTariff = true;
    } else {
      const rank = idRankOf(entry);
      const text = rank > idRank ? printableAt(bytes, entry.at) : null;
      if (text !== null) {
        id = text;
        idRank = rank;
      }
      if (entry.code === tariffCode) tariff = entry;
    }
  }
  const tariffs: Reading["tariffs"] = {};
  const importing = counter(bytes, table, "importWh", byTariff ? tariffs : undefined);
  const exporting = counter(bytes, table, "exportWh", byTariff ? tariffs : undefined);
  // A meter counts import and export by the same tariffs: where one side has fewer, an entry of it was hurt.
  const most = Math.max(importing.tariffs, exporting.tariffs);
  for (const side of [importing, exporting])
    if (!side.hasTotal && side.tariffs > 0 && side.tariffs < most) {
      side.wh = null;
      side.hurt = true;
    }
  const reading: Reading = {
    meter: context.meter,
    meterId: id ?? trailingId(list),
    receivedMs: context.receivedMs,
    meterMs: list.timeMs,
    clockSynced: context.clockSynced,
    quality: importing.hurt || exporting.hurt ? "suspect" : context.quality,
    importWh: importing.wh,
    exportWh: exporting.wh,
    tariffs,
    powerW: netW(bytes, table[importSlot], table[exportSlot]) ?? watts(bytes, table[netSlot]) ?? null,
    phases: phases(bytes, table),
    subMeters: [],
  };
  const number = tariff && tariffNumber(bytes, tariff.at);
  if (number) reading.activeTariff = { number, meaning: null };
  return checkedReading(reading);
}

/** Whether a list tells of power or energy of the connection, readable or not. */
export function measures({ bytes, entries }: HanList): boolean {
  return entries.some((entry) => {
    const slot = slotOfEntry(entry);
    const telling = slot === importSlot || slot === exportSlot || slot >= netSlot;
    return telling && bytes[entry.at] !== tag.null;
  });
}

/** Place in the table of a value of electricity, on either channel; -1 for all else. */
function slotOfEntry({ group, code }: HanEntry): number {
  return group === 0x01_00 || group === 0x01_01 ? slotOf(code) : -1;
}

/** The best name that a meter gives in all its lists; 0 for no name. */
function idRankOf({ group, code }: HanEntry): number {
  if (code === kamstrupNumber) return group === 0x01_01 ? 2 : 0;
  if (group !== 0) return 0;
  return code === deviceName ? 4 : code === identifier ? 3 : code === secondIdentifier ? 1 : 0;
}

/** Austrian lists end in the meter's number, without a name. */
function trailingId({ bytes, entries }: HanList): string | null {
  const last = entries.at(-1);
  return last && last.code < 0 && entries.length > 1 ? printableAt(bytes, last.at) : null;
}

/** Value times 10^scaler as an integer of the unit. Digits below are cut off, so a counter never runs ahead. */
function whole(bytes: Uint8Array, entry: HanEntry | undefined, of: number): number | undefined {
  if (entry?.unit !== of) return undefined;
  const raw = integerAt(bytes, entry.at);
  if (raw === undefined) return undefined;
  const power = powers[Math.abs(entry.scaler)];
  if (power === undefined) return undefined;
  if (entry.scaler < 0) return (raw - (raw % power)) / power;
  const value = raw * power;
  return Number.isSafeInteger(value) ? value : undefined;
}

const watts = (bytes: Uint8Array, entry: HanEntry | undefined): number | undefined => whole(bytes, entry, unit.W);

/** Import less export. Null where the import is missing, or an export stands there that cannot be read. */
function netW(bytes: Uint8Array, importing: HanEntry | undefined, exporting: HanEntry | undefined): number | null {
  const importW = watts(bytes, importing);
  if (importW === undefined) return null;
  if (!exporting || bytes[exporting.at] === tag.null) return importW;
  const exportW = watts(bytes, exporting);
  return exportW === undefined ? null : importW - exportW;
}

interface Counter {
  wh: number | null;
  /** True where an entry of it stands there and cannot be read. */
  hurt: boolean;
  hasTotal: boolean;
  /** How many tariffs of it can be read. */
  tariffs: number;
}

/**
 * Total of one side with its tariffs into `tariffs`. Where a meter gives no total (Slovenia, one phase) it is their sum, but
 * only of a complete set. A side of nothing but nulls, or in units that nobody knows, is one that the meter does not count.
 */
function counter(bytes: Uint8Array, table: Slots, side: "importWh" | "exportWh", tariffs?: Reading["tariffs"]): Counter {
  const at = counterSlot(side);
  let sum = 0;
  let highest = 0;
  let count = 0;
  let unreadable = 0;
  let hurt = false;
  for (let number = 1; tariffs && number <= mostTariffs; number++) {
    const entry = table[at + number];
    if (!entry) continue;
    const wh = whole(bytes, entry, unit.Wh);
    if (wh === undefined) {
      unreadable++;
      hurt ||= isHurt(bytes, entry);
      continue;
    }
    (tariffs[number] ??= {})[side] = wh;
    sum += wh;
    highest = number;
    count++;
  }
  const total = table[at];
  if (total && bytes[total.at] !== tag.null) {
    const wh = whole(bytes, total, unit.Wh);
    return { wh: wh ?? null, hurt: wh === undefined && isHurt(bytes, total), hasTotal: true, tariffs: count };
  }
  const complete = unreadable === 0 && highest === count;
  return { wh: count > 0 && complete ? sum : null, hurt: hurt || (count > 0 && !complete), hasTotal: false, tariffs: count };
}

/** Whether a counter that cannot be read ought to be readable: it is no null, and its unit is said. */
function isHurt(bytes: Uint8Array, { at, unit: of }: HanEntry): boolean {
  return bytes[at] !== tag.null && of !== noUnit;
}

/** Voltage, current and net power of the phases that the list tells of. */
function phases(bytes: Uint8Array, table: Slots): PhaseReading[] {
  const found: PhaseReading[] = [];
  for (let phase = 0; phase < 3; phase++) {
    const at = phaseSlot + slotsOfPhase * phase;
    const powerW = netW(bytes, table[at], table[at + 1]);
    const currentA = figure(bytes, table[at + 2], unit.A);
    const voltageV = figure(bytes, table[at + 3], unit.V);
    if (voltageV === undefined && currentA === undefined && powerW === null) continue;
    while (found.length < phase) found.push({});
    const reading: PhaseReading = {};
    if (voltageV !== undefined) reading.voltageV = voltageV;
    if (currentA !== undefined) reading.currentA = currentA;
    if (powerW !== null) reading.powerW = powerW;
    found.push(reading);
  }
  return found;
}

function figure(bytes: Uint8Array, entry: HanEntry | undefined, of: number): number | undefined {
  if (entry?.unit !== of) return undefined;
  const raw = integerAt(bytes, entry.at);
  return raw === undefined ? undefined : scaled(raw, entry.scaler);
}

/** raw times 10^scaler. Divided where that is less than one, so that 2307 and -1 give 230.7 and not 230.70000000000002. */
export function scaled(raw: number, scaler: number): number {
  const power = powers[Math.abs(scaler)] ?? 10 ** Math.abs(scaler);
  return scaler < 0 ? raw / power : raw * power;
}

/** Number of the tariff in force, from two bytes (Slovenia) or an integer. */
function tariffNumber(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] === tag.octetString && bytes[at + 1] === 2) return String((bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0));
  return integerAt(bytes, at)?.toString();
}
