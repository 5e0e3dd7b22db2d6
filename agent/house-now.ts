import type { Clock } from "../core/clock/clock.ts";
import type { PhaseReading, Reading } from "../core/reading.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { HouseNow } from "./control-loop.ts";
import { announcedDelays, increaseDelayMs } from "./guard/increase-delay.ts";
import { peakRoomW, quarterAfter, type QuarterSoFar } from "./guard/quarter-peak.ts";

/** What the guard is told of the house. */
export interface HouseWatch {
  /** Every believed reading of the grid meter. */
  take(reading: Reading): void;
  now(): HouseNow;
  /** Peak of this month that is paid for, W: as configured, or a higher one that the meter tells; null without such a charge. */
  paidPeakW(): number | null;
  /** The random delays of the coming day, to be announced. */
  delays(): ReturnType<typeof announcedDelays>;
}

/** Nominal voltage of a phase, V. @see EN 50160 */
const phaseV = 230;

export function watchHouse(options: {
  site: AgentConfig["site"];
  gridLimitW: () => number | null;
  /** Of this gateway alone, drawn once. */
  seed: Uint8Array;
  /** Peak that the own plan in force pays for, W; 0 where it pays for none. */
  plannedPeakW: () => number;
  clock: Clock;
}): HouseWatch {
  const { site, clock } = options;
  let quarter: QuarterSoFar | null = null;
  /** The newest reading that tells the power: between two of them a meter may send lists of counters alone. */
  let powerful: { reading: Reading; atMs: number } | null = null;
  let newest: Reading | null = null;
  return {
    take(reading) {
      newest = reading;
      if (reading.powerW !== null) powerful = { reading, atMs: clock.monotonicMs() };
      if (reading.importWh !== null) quarter = quarterAfter(quarter, clock.now(), reading.importWh);
    },
    paidPeakW,
    delays: () => announcedDelays(options.seed, clock.now(), site.randomDelayMs),
    now() {
      const reading = powerful?.reading;
      return {
        meterAgeMs: powerful ? clock.monotonicMs() - powerful.atMs : Infinity,
        importW: reading?.powerW ?? null,
        phaseW: reading ? phasePowers(reading, site.phases) : [],
        maxImportW: site.maxImportW,
        maxExportW: site.maxExportW,
        fusePhaseW: site.fuseA * phaseV,
        gridLimitW: options.gridLimitW(),
        peakW: newest ? peakNow(newest) : null,
        increaseDelayMs: increaseDelayMs(options.seed, clock.now(), site.randomDelayMs),
        rampWPerMin: site.maxRampWPerMin,
      };
    },
  };

  function paidPeakW(): number | null {
    // A higher quarter of this month is paid for already.
    return site.peakW === null ? null : Math.max(site.peakW, newest?.demand?.monthPeakW ?? 0);
  }

  function peakNow({ importWh }: Reading): number | null {
    const paidW = paidPeakW();
    if (paidW === null) return null;
    const peakW = Math.max(paidW, options.plannedPeakW());
    // What is never above the peak has no mean above it.
    if (importWh === null) return peakW;
    // A quarter that has begun since is a new one, also before its first reading.
    return quarter && peakRoomW(quarterAfter(quarter, clock.now(), importWh), clock.now(), importWh, peakW);
  }
}

/** Net import of each phase, W; null where the meter does not say. A current without a sign counts as import. */
export function phasePowers({ phases, powerW }: Pick<Reading, "phases" | "powerW">, count: number): (number | null)[] {
  if (count === 1 && powerW !== null) return [powerW];
  return phases.slice(0, count).map((phase) => phase.powerW ?? apparentW(phase));
}

function apparentW({ currentA, voltageV = phaseV }: PhaseReading): number | null {
  return currentA === undefined ? null : Math.round(Math.abs(currentA) * voltageV);
}
