import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import { checkedReading } from "../checked-reading.ts";
import type { PollMeter, Stamp } from "../meter.ts";
import { blockReader, valuesIn, type ReadBlock, type Values } from "./block-reader.ts";
import { families } from "./families.ts";
import type { FamilyName } from "./family-names.ts";
import { firstCounters, isPlausible, voltageVerdict } from "./plausibility.ts";
import type { Measurement } from "./measurement.ts";
import type { Register, RegisterMap, WordOrder } from "./register-map.ts";
import { asInstalled, isInRange, measuredOf, wantedRegisters } from "./values-reading.ts";
import { declaredOrder, valuesByVoltage } from "./word-order.ts";

/** Registers that a household is billed by. */
const counterNames: ReadonlySet<Measurement> = new Set(["import", "export", "sum"]);

/** A meter of the catalogue. */
export interface ModbusMeter extends PollMeter {
  /** Order of words that it is read by; undefined while it is not yet found. */
  wordOrder(): WordOrder | undefined;
}

/**
 * A meter of one of the families on a Modbus line. Where it refuses a counter twice in a row, the second poll throws
 * modbus-counter-refused, once, and the readings go on without it until it is back.
 * @param options.reversed it is installed the other way round: import and export are swapped
 * @param options.oneWay nothing behind it feeds in, so a counter of both directions is import
 * @param options.order "auto" is that of the family, found by the voltage where its devices differ
 * @param options.counters "at-once" believes the first counters; "confirmed", the default, when two polls agree
 */
export function modbusMeter(options: {
  name: string;
  bus: ModbusBus;
  stamp: Stamp;
  family: FamilyName;
  unit: number;
  pollMs: number;
  reversed?: boolean;
  oneWay?: boolean;
  order?: WordOrder | "auto";
  counters?: "at-once" | "confirmed";
}): ModbusMeter {
  const { name, bus, unit, reversed = false, oneWay = false, counters = "confirmed" } = options;
  const map: RegisterMap = families[options.family];
  const read = map.functionCode === 3 ? bus.readHoldingRegisters : bus.readInputRegisters;
  let lacking: AppError | undefined;
  const blocks = blockReader(
    wantedRegisters(map, { oneWay }),
    map,
    (address, count) => read(unit, address, count),
    (registers) => {
      const refused = registers.filter(({ measurement }) => counterNames.has(measurement));
      if (refused.length > 0) lacking = counterRefused(`unit ${unit} on ${bus.name}`, options.family, refused);
    },
  );
  const installed = asInstalled(map, { reversed, oneWay });
  const first = firstCounters();
  let order = options.order === "auto" ? undefined : options.order;
  let plausible = false;

  const valuesOf = (got: readonly ReadBlock[]): { values: Values; certain: boolean } => {
    if (order !== undefined || !map.orderInDoubt) return { values: valuesIn(map.registers, got, order), certain: true };
    const found = valuesByVoltage(map, got);
    order = found.order;
    return { values: found.values, certain: order !== undefined };
  };

  return {
    kind: "poll",
    name,
    pollMs: options.pollMs,
    wordOrder: () => order ?? (map.orderInDoubt ? undefined : declaredOrder(map)),
    async read() {
      const got = await blocks();
      if (lacking) {
        const error = lacking;
        lacking = undefined;
        throw error;
      }
      const { receivedMs, clockSynced } = options.stamp();
      const { values, certain } = valuesOf(got);
      const believable = plausible || (certain && isPlausible(values, map.unverified));
      const measured = measuredOf(values, installed);
      const reading = checkedReading({
        meter: name,
        meterId: null,
        receivedMs,
        meterMs: null,
        clockSynced,
        quality: believable && isInRange(map, measured.powerW) ? "valid" : "suspect",
        ...measured,
        subMeters: [],
      });
      if (reading.quality === "suspect") return reading;
      // No voltage at all says nothing: a device that just started sends zeros, whatever they are read as.
      plausible ||= voltageVerdict(values) === "good";
      if (counters === "at-once") return reading;
      return {
        ...reading,
        importWh: first.believed("import", reading.importWh, receivedMs),
        exportWh: first.believed("export", reading.exportWh, receivedMs),
      };
    },
  };
}

function counterRefused(device: string, family: FamilyName, registers: readonly Register[]): AppError {
  const names = registers.map(({ measurement, address }) => `${measurement} (register ${address})`).join(", ");
  return new AppError(
    "modbus-counter-refused",
    `${device} refuses ${names}; readings go on without, so check that it is a ${family}`,
    { temporary: true },
  );
}
