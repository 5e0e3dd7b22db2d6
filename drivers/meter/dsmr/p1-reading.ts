import type { Reading } from "../../../core/reading.ts";
import { checkedReading } from "../checked-reading.ts";
import { counter, noRegisters, phases, register, totalW } from "./p1-electricity.ts";
import { addGeneral, nothingGeneral } from "./p1-general.ts";
import type { P1Line, P1Telegram } from "./p1-parser.ts";
import { p1SubMeters } from "./p1-sub-meters.ts";
import { activeTariff, type TariffCountry } from "./p1-tariff.ts";
import type { P1Zone } from "./p1-time.ts";

export interface P1Context {
  /** Name in the configuration. */
  meter: string;
  zone: P1Zone;
  /** Country by configuration; undefined: told from the telegram. */
  country?: TariffCountry | undefined;
  /** Whether a checksum or an authentication tag held. */
  checked: boolean;
  receivedMs: number;
  clockSynced: boolean;
}

/**
 * What a P1 telegram says, as a Reading.
 * Where the meter gives no total (the Netherlands, Belgium) it is the sum of the tariffs, but only of a complete set:
 * with one tariff line hurt there is no total, and the reading is suspect.
 * @throws AppError meter-impossible-reading
 */
export function p1Reading(telegram: P1Telegram, context: P1Context): Reading {
  const { bytes } = telegram;
  const registers = noRegisters();
  const general = nothingGeneral();
  const subLines: P1Line[] = [];
  for (const line of telegram.lines) {
    if (line.group >= 1 && line.group <= 8) subLines.push(line);
    else {
      if (line.group === 0x01_00 || line.group === 0x01_01) register(registers, line);
      addGeneral(general, bytes, line, context.zone);
    }
  }
  const tariffs: Reading["tariffs"] = {};
  const importing = counter(bytes, registers, "importWh", tariffs);
  const exporting = counter(bytes, registers, "exportWh", tariffs);
  // A meter counts import and export by the same tariffs: where one side has fewer, a line of it was hurt.
  const most = Math.max(importing.tariffs, exporting.tariffs);
  for (const side of [importing, exporting])
    if (!side.hasTotal && side.tariffs > 0 && side.tariffs < most) Object.assign(side, { wh: null, hurt: true });
  const hurt = importing.hurt || exporting.hurt || telegram.badLines.some((line) => /^1-[01]:[12]\.8\./.test(line));
  const reading: Reading = {
    meter: context.meter,
    meterId: general.meterId,
    receivedMs: context.receivedMs,
    meterMs: general.meterMs,
    clockSynced: context.clockSynced,
    quality: hurt ? "suspect" : context.checked ? "valid" : "unchecked",
    importWh: importing.wh,
    exportWh: exporting.wh,
    tariffs,
    powerW: totalW(bytes, registers),
    phases: phases(bytes, registers),
    subMeters: p1SubMeters(telegram, subLines, context.zone),
  };
  // Of the meters that name the DSMR standard only the Dutch give no total.
  const country = context.country ?? (general.standard === "e-mucs" ? "BE" : dutch(general.standard, importing.hasTotal));
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
