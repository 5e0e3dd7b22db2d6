import type { PhaseReading, Reading } from "../../../core/reading.ts";
import { checkedReading } from "../checked-reading.ts";
import { energyWh, figure, powerW } from "../decimal.ts";
import type { ObisObjects, ObisValue } from "../obis.ts";
import { decodeId } from "./p1-id.ts";
import type { P1Telegram } from "./p1-parser.ts";
import { p1SubMeters } from "./p1-sub-meters.ts";
import { p1Time, type P1Zone } from "./p1-time.ts";

/** Where P1 meters put their serial number, in order of preference. */
const idCodes = ["0-0:96.1.1", "0-0:96.1.0", "0-0:42.0.0", "1-0:0.0.0"];

/**
 * What a P1 telegram says, as a Reading.
 * Where the meter gives no total (the Netherlands, Belgium) it is the sum of the tariffs, but only of a complete set:
 * with one tariff line hurt there is no total, and the reading is suspect.
 * @throws AppError meter-impossible-reading
 */
export function p1Reading(
  telegram: P1Telegram,
  context: { meter: string; zone: P1Zone; checked: boolean; receivedMs: number; clockSynced: boolean },
): Reading {
  const objects = mainChannel(telegram.objects);
  const tariffs = tariffsOf(objects);
  const importing = total(objects, "1", tariffs);
  const exporting = total(objects, "2", tariffs);
  const hurt = importing.hurt || exporting.hurt || telegram.badLines.some((line) => /^1-[01]:[12]\.8\./.test(line));
  const idCode = idCodes.find((code) => objects.has(code));
  const time = objects.get("0-0:1.0.0")?.values[0]?.text;
  return checkedReading({
    meter: context.meter,
    meterId: idCode === undefined ? null : decodeId(objects.get(idCode)?.values[0]?.text),
    receivedMs: context.receivedMs,
    meterMs: time === undefined ? null : p1Time(time, context.zone),
    clockSynced: context.clockSynced,
    quality: hurt ? "suspect" : context.checked ? "valid" : "unchecked",
    importWh: importing.wh,
    exportWh: exporting.wh,
    tariffs: Object.fromEntries([...tariffs].map(([tariff, { importWh = 0, exportWh = 0 }]) => [tariff, { importWh, exportWh }])),
    powerW: net(objects, "1.7.0", "2.7.0"),
    phases: phases(objects),
    subMeters: p1SubMeters(objects, context.zone),
  });
}

/** Swiss meters put on channel 1 what others put on channel 0. */
function mainChannel(objects: ObisObjects): ObisObjects {
  const found = new Map(objects);
  for (const [code, object] of objects) {
    const main = code.replace(/^1-1:/, "1-0:");
    if (!found.has(main)) found.set(main, object);
  }
  return found;
}

type Tariffs = Map<string, { importWh?: number; exportWh?: number }>;

function first<T>(objects: ObisObjects, code: string, read: (value: ObisValue) => T): T | undefined {
  const value = objects.get(`1-0:${code}`)?.values[0];
  return value && read(value);
}

function tariffsOf(objects: ObisObjects): Tariffs {
  const tariffs: Tariffs = new Map();
  for (let tariff = 1; tariff <= 8; tariff++) {
    const importWh = first(objects, `1.8.${tariff}`, energyWh);
    const exportWh = first(objects, `2.8.${tariff}`, energyWh);
    if (importWh === undefined && exportWh === undefined) continue;
    tariffs.set(String(tariff), { ...(importWh !== undefined && { importWh }), ...(exportWh !== undefined && { exportWh }) });
  }
  return tariffs;
}

/** Register 1 is import, 2 is export. */
function total(objects: ObisObjects, register: "1" | "2", tariffs: Tariffs): { wh: number | null; hurt: boolean } {
  const given = first(objects, `${register}.8.0`, energyWh);
  if (given !== undefined) return { wh: given, hurt: false };
  const read = [...tariffs.values()].map((tariff) => (register === "1" ? tariff.importWh : tariff.exportWh));
  const sent = [...objects.keys()].some((code) => code.startsWith(`1-0:${register}.8.`));
  if (!sent && read.every((wh) => wh === undefined)) return { wh: null, hurt: false };
  const contiguous = [...tariffs.keys()].every((tariff, at) => Number(tariff) === at + 1);
  let sum = 0;
  for (const wh of read) {
    if (wh === undefined || !contiguous) return { wh: null, hurt: true };
    sum += wh;
  }
  return read.length === 0 ? { wh: null, hurt: true } : { wh: sum, hurt: false };
}

/** Import less export. Null where the import is missing, or an export line stands there that cannot be read. */
function net(objects: ObisObjects, importCode: string, exportCode: string): number | null {
  const importW = first(objects, importCode, powerW);
  const exportW = first(objects, exportCode, powerW);
  if (importW === undefined || (exportW === undefined && objects.has(`1-0:${exportCode}`))) return null;
  return importW - (exportW ?? 0);
}

/** Groups C of voltage, current and power of the three phases are 20 apart. */
function phases(objects: ObisObjects): PhaseReading[] {
  const found = [0, 20, 40].map((offset): PhaseReading => {
    const voltageV = first(objects, `${32 + offset}.7.0`, (value) => figure(value, "V"));
    const currentA = first(objects, `${31 + offset}.7.0`, (value) => figure(value, "A"));
    const phaseW = net(objects, `${21 + offset}.7.0`, `${22 + offset}.7.0`);
    return {
      ...(voltageV !== undefined && { voltageV }),
      ...(currentA !== undefined && { currentA }),
      ...(phaseW !== null && { powerW: phaseW }),
    };
  });
  while (found.length > 0 && Object.keys(found.at(-1) ?? {}).length === 0) found.pop();
  return found;
}
