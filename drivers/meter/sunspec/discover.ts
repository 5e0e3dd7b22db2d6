import { AppError } from "../../../core/app-error.ts";
import { ModbusException, type ModbusBus } from "../../bus/modbus-bus.ts";

/** One model in the chain of a device. */
export interface FoundModel {
  id: number;
  /** Where its id stands. */
  address: number;
  /** Words behind id and length. */
  length: number;
  /** The common model before it in the chain: whose values these are. */
  device: Device;
}

/** How a device names itself; null where it says nothing. */
export interface Device {
  manufacturer: string | null;
  model: string | null;
  serial: string | null;
}

/** Where the marker may stand. @see SunSpec Device Information Model Specification, 6.2 */
const bases = [40_000, 50_000, 0];
const marker = "SunS";
const endId = 0xffff;
const commonId = 1;
/** Words of the common model that are read: up to the serial number. */
const commonWords = 64;
/** A longer chain is a device that answers anything. */
const mostModels = 100;
const unknown: Device = { manufacturer: null, model: null, serial: null };

/**
 * All models of a unit, by walking the chain from the marker on.
 * @throws AppError sunspec-not-found where no marker is, and those of the bus
 */
export async function discover(bus: ModbusBus, unit: number): Promise<FoundModel[]> {
  for (const base of bases) {
    const found = await readOrRefused(bus, unit, base, 2);
    if (found?.toString("latin1") === marker) return chain(bus, unit, base + 2);
  }
  throw new AppError(
    "sunspec-not-found",
    `unit ${unit} on ${bus.name} has no SunSpec marker at ${bases.join(", ")}; check unit_id and that SunSpec is switched on in the device`,
  );
}

async function chain(bus: ModbusBus, unit: number, start: number): Promise<FoundModel[]> {
  const found: FoundModel[] = [];
  let device = unknown;
  for (let address = start; address <= 0xfffe && found.length < mostModels;) {
    const head = await readOrRefused(bus, unit, address, 2);
    const [id = endId, length = 0] = head ? [head.readUInt16BE(0), head.readUInt16BE(2)] : [];
    // Some devices have no end model, but nothing or zeros behind the last.
    if (id === endId || id === 0) break;
    if (id === commonId && length >= commonWords) {
      const body = await readOrRefused(bus, unit, address + 2, commonWords);
      device = body ? named(body) : unknown;
    }
    found.push({ id, address, length, device });
    address += 2 + length;
  }
  return found;
}

/** Undefined where the unit refuses: there is nothing at this address. */
async function readOrRefused(bus: ModbusBus, unit: number, address: number, count: number): Promise<Buffer | undefined> {
  try {
    return await bus.readHoldingRegisters(unit, address, count);
  } catch (error) {
    if (error instanceof ModbusException) return undefined;
    throw error;
  }
}

/** Manufacturer 16 words, model 16, options 8, version 8, serial number 16. */
function named(block: Buffer): Device {
  const text = (word: number, words: number): string | null => {
    const [said = ""] = block.toString("latin1", word * 2, (word + words) * 2).split("\0");
    return said.replaceAll(/[^\x20-\x7e]/g, "").trim() || null;
  };
  return { manufacturer: text(0, 16), model: text(16, 16), serial: text(48, 16) };
}
