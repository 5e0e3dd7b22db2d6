import type { SubMeterReading } from "../../../core/reading.ts";
import { quantity } from "../decimal.ts";
import type { ObisObjects, ObisValue } from "../obis.ts";
import { decodeId } from "./p1-id.ts";
import { p1Time, type P1Zone } from "./p1-time.ts";

/** M-Bus device types. @see EN 13757-3 */
const media: Record<string, SubMeterReading["medium"]> = {
  "2": "electricity",
  "3": "gas",
  "4": "heat",
  "6": "hot-water",
  "7": "water",
  "10": "cold",
  "11": "cold",
  "12": "heat",
  "13": "heat",
  "21": "hot-water",
  "22": "water",
};

/**
 * Meters behind a P1 meter, channels 1 to 8. The device type says what a meter counts: the channel is only the order of
 * installation. A channel without a readable value is left out.
 */
export function p1SubMeters(objects: ObisObjects, zone: P1Zone): SubMeterReading[] {
  const found: SubMeterReading[] = [];
  for (let channel = 1; channel <= 8; channel++) {
    const at = (code: string): ObisValue[] => objects.get(`0-${channel}:${code}`)?.values ?? [];
    const measured = valueOf(at("24.2.1"), at("24.2.3"), at("24.3.0"));
    if (!measured) continue;
    const type = at("24.1.0")[0]?.text ?? "";
    found.push({
      channel,
      medium: /^\d{1,3}$/.test(type) ? (media[String(Number(type))] ?? "other") : "other",
      id: decodeId(at("96.1.0")[0]?.text ?? at("96.1.1")[0]?.text),
      value: measured.value,
      unit: measured.unit,
      atMs: measured.time === undefined ? null : p1Time(measured.time, zone),
    });
  }
  return found;
}

interface Measured {
  value: number;
  unit: string;
  time: string | undefined;
}

/** 24.2.1 and 24.2.3 are (time)(value*unit); DSMR 2.2 and 3 send (time)(..)(..)(..)(code)(unit)(value) in 24.3.0. */
function valueOf(volume: ObisValue[], gasVolume: ObisValue[], list: ObisValue[]): Measured | undefined {
  for (const [time, value] of [volume, gasVolume]) {
    const measured = value && quantity(value);
    if (measured) return { ...measured, time: time?.text };
  }
  const value = list[6];
  const measured = value && quantity({ text: value.text, unit: list[5]?.text ?? null });
  return measured ? { ...measured, time: list[0]?.text } : undefined;
}
