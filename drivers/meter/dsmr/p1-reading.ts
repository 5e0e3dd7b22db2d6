import type { Reading } from "../../../core/reading.ts";
import { checkedReading } from "../checked-reading.ts";
import { newDecimal } from "../decimal.ts";
import { counters, noRegisters, phases, register, totalW } from "./p1-electricity.ts";
import { addGeneral, nothingGeneral } from "./p1-general.ts";
import { scanP1 } from "./p1-scan.ts";
import { addToChannel, subMeters, type Channels } from "./p1-sub-meters.ts";
import { activeTariff, type TariffCountry } from "./p1-tariff.ts";
import type { MeterZone } from "../meter-zone.ts";

/** What a reading has that does not stand in the telegram. */
export interface P1Context {
  /** Name in the configuration. */
  meter: string;
  zone: MeterZone;
  /** Country by configuration; undefined: told from the telegram. */
  country?: TariffCountry | undefined;
  /** Whether a checksum or an authentication tag held. */
  checked: boolean;
  /** When its last byte came, ms since 1970. */
  receivedMs: number;
  clockSynced: boolean;
}

/**
 * What a P1 telegram says, as a Reading.
 * Where the meter gives no total (the Netherlands, Belgium) it is the sum of the tariffs, but only of a complete set:
 * with one tariff line hurt there is no total, and the reading is suspect.
 * @throws AppError meter-impossible-reading
 */
export function p1Reading(bytes: Uint8Array, context: P1Context): Reading {
  const registers = noRegisters();
  const general = nothingGeneral();
  const channels: Channels = [];
  const scratch = newDecimal();
  const reader = { zone: context.zone, scratch };
  let badCounter = false;
  scanP1(bytes, {
    line(group, code, start, end) {
      if (group >= 1 && group <= 8) addToChannel(channels, bytes, group, code, start, end, reader);
      else {
        if (group === 0x01_00 || group === 0x01_01) register(registers, group, code, start);
        addGeneral(general, bytes, group, code, start, end, reader);
      }
    },
    badLine(start) {
      badCounter ||= isCounterLine(bytes, start);
    },
  });
  const tariffs: Reading["tariffs"] = {};
  const counted = counters(bytes, registers, tariffs, scratch);
  const hurt = counted.hurt || badCounter;
  const reading: Reading = {
    meter: context.meter,
    meterId: general.meterId,
    receivedMs: context.receivedMs,
    meterMs: general.meterMs,
    clockSynced: context.clockSynced,
    quality: hurt ? "suspect" : context.checked ? "valid" : "unchecked",
    importWh: counted.import.wh,
    exportWh: counted.export.wh,
    tariffs,
    powerW: totalW(bytes, registers, scratch),
    phases: phases(bytes, registers, scratch),
    subMeters: subMeters(channels),
  };
  // Of the meters that name the DSMR standard only the Dutch give no total.
  const country = context.country ?? (general.standard === "e-mucs" ? "BE" : dutch(general.standard, counted.import.hasTotal));
  const tariff = general.indicator === undefined ? undefined : activeTariff(general.indicator, country);
  if (tariff) reading.activeTariff = tariff;
  if (general.demand) reading.demand = general.demand;
  if (general.failures) reading.powerFailures = general.failures;
  if (general.message !== undefined) reading.message = general.message;
  return checkedReading(reading);
}

function dutch(standard: string | null, hasTotal: boolean): "NL" | null {
  return standard === "dsmr" && !hasTotal ? "NL" : null;
}

/** Whether a line that is no object begins like a counter: 1-0:1.8. or 1-1:2.8. and so on. */
function isCounterLine(bytes: Uint8Array, start: number): boolean {
  return /^1-[01]:[12]\.8\./.test(String.fromCharCode(...bytes.subarray(start, start + 8)));
}
