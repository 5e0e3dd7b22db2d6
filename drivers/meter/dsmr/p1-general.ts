import type { DemandReading, PowerFailures } from "../../../core/reading.ts";
import { latin1 } from "../ascii.ts";
import { decimalAt, type Decimal } from "../decimal.ts";
import { demandWAt, p1MonthPeak, p1MonthPeaks } from "./p1-demand.ts";
import { idAt } from "./p1-id.ts";
import { p1FailureLog } from "./p1-power-failures.ts";
import type { MeterZone } from "../meter-zone.ts";
import { p1TimeAt } from "./p1-time.ts";

/** What a telegram says besides the electricity registers and the sub-meters. */
export interface P1General {
  meterId: string | null;
  /** How well the identifier that was found suits: older meters send it under other codes. */
  idRank: number;
  meterMs: number | null;
  /** Standard that the telegram names: 1-3:0.2.8 is of DSMR and its kin, 0-0:96.1.4 with "502.." of e-MUCS. */
  standard: "dsmr" | "e-mucs" | null;
  /** Number of the tariff in force, as sent. */
  indicator: string | undefined;
  message: string | undefined;
  demand: DemandReading | undefined;
  failures: PowerFailures | undefined;
}

/** Nothing said yet. */
export function nothingGeneral(): P1General {
  return {
    meterId: null,
    idRank: 0,
    meterMs: null,
    standard: null,
    indicator: undefined,
    message: undefined,
    demand: undefined,
    failures: undefined,
  };
}

/** Adds what one line with group 0-0, 1-0, 1-1 or 1-3 says; a line it does not know adds nothing. */
export function addGeneral(
  general: P1General,
  bytes: Uint8Array,
  group: number,
  code: number,
  start: number,
  end: number,
  context: { zone: MeterZone; scratch: Decimal },
): void {
  const { zone, scratch } = context;
  const at = start + 1;
  if (group === 0) {
    switch (code) {
      case 0x01_00_00: // 1.0.0
        general.meterMs ??= p1TimeAt(bytes, at, zone);
        break;
      case 0x60_01_01: // 96.1.1
        identify(general, bytes, at, 4);
        break;
      case 0x60_01_00: // 96.1.0
        identify(general, bytes, at, 3);
        break;
      case 0x2a_00_00: // 42.0.0
        identify(general, bytes, at, 2);
        break;
      case 0x60_01_04: // 96.1.4
        if (text(bytes, at).startsWith("502")) general.standard = "e-mucs";
        break;
      case 0x60_0e_00: // 96.14.0
        general.indicator ??= text(bytes, at);
        break;
      case 0x60_0d_00: // 96.13.0
        general.message ??= idAt(bytes, at) ?? undefined;
        break;
      case 0x62_01_00: // 98.1.0
        addMonths(general, p1MonthPeaks(bytes, start, end, context));
        break;
      case 0x60_07_15: // 96.7.21
        count(general, "any", bytes, at, scratch);
        break;
      case 0x60_07_09: // 96.7.9
        count(general, "long", bytes, at, scratch);
        break;
    }
    return;
  }
  switch (code) {
    case 0x00_00_00: // 1-0:0.0.0
      identify(general, bytes, at, 1);
      break;
    case 0x00_02_08: // 1-3:0.2.8
      general.standard ??= "dsmr";
      break;
    case 0x01_04_00: {
      const quarterW = demandWAt(bytes, at, scratch);
      if (quarterW !== undefined) (general.demand ??= { months: [] }).quarterW = quarterW;
      break;
    }
    case 0x01_06_00: // 1.6.0
      Object.assign((general.demand ??= { months: [] }), p1MonthPeak(bytes, start, end, context));
      break;
    case 0x63_61_00: // 99.97.0
      (general.failures ??= { log: [] }).log = p1FailureLog(bytes, start, end, context);
      break;
  }
}

function addMonths(general: P1General, months: DemandReading["months"]): void {
  if (months.length > 0) (general.demand ??= { months: [] }).months = months;
}

function text(bytes: Uint8Array, at: number): string {
  return latin1(bytes, at, bytes.indexOf(0x29, at));
}

function identify(general: P1General, bytes: Uint8Array, at: number, rank: number): void {
  if (rank <= general.idRank) return;
  const id = idAt(bytes, at);
  if (id === null) return;
  general.meterId = id;
  general.idRank = rank;
}

function count(general: P1General, kind: "any" | "long", bytes: Uint8Array, at: number, scratch: Decimal): void {
  const failures = (general.failures ??= { log: [] });
  if (decimalAt(bytes, at, scratch)) failures[kind] = scratch.mantissa;
}
