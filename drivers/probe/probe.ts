import type { Clock } from "../../core/clock/clock.ts";
import type { ByteBus } from "../bus/byte-bus.ts";
import { serialBus } from "../bus/serial-bus.ts";
import { tcpBus } from "../bus/tcp-bus.ts";
import { likelyCause } from "./likely-cause.ts";
import { probeBytes } from "./probe-bytes.ts";
import { probeModbus } from "./probe-modbus.ts";
import type { ProbeBus, ProbePlace, ProbeResult } from "./probe-result.ts";

/** How a probe is made. */
export interface ProbeOptions {
  place: ProbePlace;
  modbus: boolean;
  /** How long to listen under each setting, or for a Modbus unit's answer. */
  waitMs: number | undefined;
  after: Clock["after"];
  signal: AbortSignal;
  trying: (what: string) => void;
}

/** Meters that speak by themselves do so at least so often. */
const listenMs = 12_000;
const answerMs = 200;

/**
 * Looks for a meter at a port or address, and says why none was found. It only reads.
 * @throws AppError probe-port-missing, probe-no-permission, probe-port-busy, probe-refused, probe-unreachable
 */
export async function probe(options: ProbeOptions): Promise<ProbeResult> {
  const { place, waitMs } = options;
  if (options.modbus) return probeModbus({ ...options, answerMs: waitMs ?? answerMs });
  const bus = openable(place);
  try {
    const { found, heard } = await probeBytes({ ...options, bus, listenMs: waitMs ?? listenMs });
    if (found) return { found: [found], bus: busOf(place), cause: null, heard };
    return { found: [], bus: null, cause: likelyCause(heard, place), heard };
  } finally {
    await bus.close();
  }
}

function openable(place: ProbePlace): ByteBus {
  if (place.kind === "serial") return serialBus({ path: place.path });
  return tcpBus({ host: place.host, port: place.port, silenceMs: 10 * 60_000 });
}

function busOf(place: ProbePlace): ProbeBus {
  return place.kind === "serial" ? { type: "serial", port: place.path } : { type: "tcp", host: place.host, port: place.port };
}
