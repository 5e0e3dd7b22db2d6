import { AppError, errorMessage } from "../../core/app-error.ts";
import type { SerialSettings } from "../bus/byte-bus.ts";
import { ModbusException, ModbusUnopened, type ModbusBus } from "../bus/modbus-bus.ts";
import { modbusSerialBus, type ModbusTransport } from "../bus/modbus-serial-bus.ts";
import { identifyUnit } from "./identify-unit.ts";
import { likelyModbusCause, unreachable } from "./likely-cause.ts";
import { heardAt, settingsOptions, type FoundMeter, type ProbeBus, type ProbePlace, type ProbeResult } from "./probe-result.ts";

/** Lines as meters leave the factory, the most common first. */
const usualSettings: readonly SerialSettings[] = [
  { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 9600, dataBits: 8, parity: "even", stopBits: 1 },
  { baud: 19_200, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 19_200, dataBits: 8, parity: "even", stopBits: 1 },
  { baud: 2400, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 38_400, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 115_200, dataBits: 8, parity: "none", stopBits: 1 },
];
/** Factory settings of most devices; 126 and 240 are those of solar inverters. */
const usualUnits = [...Array.from({ length: 10 }, (_, at) => at + 1), 100, 126, 240, 247];
const allUnits = Array.from({ length: 247 }, (_, at) => at + 1);
/** A device of its own on a socket may answer to any unit id. */
const answersToAll = 8;
/** Naming takes longer than finding. */
const nameMs = 300;
/** Exceptions of a gateway that has no such unit. */
const noUnit = new Set([10, 11]);

/**
 * Asks every unit id for a register, the usual ones first under all settings, and names those that answer.
 * @param options.answerMs how long a unit may take; wall time
 * @throws AppError as probeBytes does
 */
export async function probeModbus(options: {
  place: ProbePlace;
  answerMs: number;
  signal: AbortSignal;
  trying: (what: string) => void;
}): Promise<ProbeResult> {
  const { place, answerMs, signal, trying } = options;
  const lines = transportsOf(place);
  let damaged = false;
  /** A line that was open once is reachable; a box may refuse a moment after it was asked. */
  let reached = false;

  const scan = async (transport: ModbusTransport, units: readonly number[]): Promise<number[]> => {
    trying(`Modbus ${textOf(transport)}, ${units.length} unit ids`);
    const bus = modbusSerialBus(transport, { timeoutMs: answerMs, unitPauseMs: 0 });
    const present: number[] = [];
    try {
      for (const unit of units) {
        if (signal.aborted) break;
        const answer = await answerOf(bus, unit, reached ? undefined : place);
        reached = true;
        damaged ||= answer === "damaged";
        if (answer === "present") present.push(unit);
        if (place.kind === "tcp" && present.length === answersToAll && units.indexOf(unit) === answersToAll - 1) return [1];
      }
    } finally {
      await bus.close();
    }
    return present;
  };

  const named = async (transport: ModbusTransport, units: readonly number[]): Promise<FoundMeter[]> => {
    const bus = modbusSerialBus(transport, { timeoutMs: Math.max(answerMs, nameMs) });
    const found: FoundMeter[] = [];
    try {
      for (const unit of units) {
        if (signal.aborted) break;
        trying(`naming unit ${unit}`);
        found.push(await identifyUnit(bus, unit));
      }
    } finally {
      await bus.close();
    }
    return found;
  };

  for (const units of [usualUnits, allUnits])
    for (const transport of lines) {
      const first = await scan(transport, units);
      if (signal.aborted) return { found: [], bus: null, cause: null, heard: [] };
      if (first.length === 0) continue;
      const alone = place.kind === "tcp" && first.length === 1 && first[0] === 1;
      const rest =
        units === allUnits || alone
          ? []
          : await scan(
              transport,
              allUnits.filter((unit) => !usualUnits.includes(unit)),
            );
      const present = [...first, ...rest].toSorted((one, other) => one - other);
      return { found: await named(transport, present), bus: busOf(transport), cause: null, heard: [] };
    }
  return { found: [], bus: null, cause: likelyModbusCause(damaged), heard: [] };
}

function transportsOf(place: ProbePlace): ModbusTransport[] {
  if (place.kind === "serial") return usualSettings.map((settings) => ({ kind: "serial", path: place.path, settings }));
  const { host, port } = place;
  return [
    { kind: "tcp", host, port },
    { kind: "rtu-over-tcp", host, port },
  ];
}

function textOf(transport: ModbusTransport): string {
  if (transport.kind === "serial") return `at ${heardAt(transport.settings)}`;
  return transport.kind === "tcp" ? "TCP" : "RTU over TCP";
}

function busOf(transport: ModbusTransport): ProbeBus {
  if (transport.kind === "serial") return { type: "serial", port: transport.path, ...settingsOptions(transport.settings) };
  return { type: transport.kind === "tcp" ? "modbus_tcp" : "tcp", host: transport.host, port: transport.port };
}

/** Whether a unit is there: any whole answer says so, also a refusal. @param first where a line that cannot be opened is a failure */
async function answerOf(bus: ModbusBus, unit: number, first: ProbePlace | undefined): Promise<"present" | "absent" | "damaged"> {
  try {
    await bus.readHoldingRegisters(unit, 0, 2);
    return "present";
  } catch (error) {
    if (error instanceof ModbusException) return noUnit.has(error.exception) ? "absent" : "present";
    if (!(error instanceof AppError)) throw error;
    if (first && error instanceof ModbusUnopened) throw unreachable(errorMessage(error), first);
    return error.code === "modbus-bad-reply" ? "damaged" : "absent";
  }
}
