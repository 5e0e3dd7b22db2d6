import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import { checkedReading } from "../checked-reading.ts";
import type { PollMeter, Stamp } from "../meter.ts";
import { firstCounters, isPlausible, voltageVerdict } from "../modbus/plausibility.ts";
import { measuredOf, type Measured } from "../modbus/values-reading.ts";
import { discover, type FoundModel } from "./discover.ts";
import { modelValues } from "./model-values.ts";
import { models, type Model } from "./models.ts";
import { rollover } from "./rollover.ts";

interface Chosen {
  found: FoundModel;
  model: Model;
}

/**
 * A device that describes itself by SunSpec. Its production is export, as that of any generator behind a meter.
 * The chain of models is walked again after every failure and when the model is no longer where it was.
 * @param options.model "auto" takes the first meter, else the first inverter, else the first battery
 * @param options.positivePower what positive power of a meter or battery model means; it differs between makers
 */
export function sunspecMeter(options: {
  name: string;
  bus: ModbusBus;
  stamp: Stamp;
  unit: number;
  pollMs: number;
  model?: "auto" | Model["kind"];
  positivePower?: "import" | "export";
}): PollMeter {
  const { name, bus, unit, model: wanted = "auto", positivePower = "import" } = options;
  const first = firstCounters();
  let chosen: Chosen | undefined;
  let plausible = false;
  let counted: { serial: string | null; over: ReturnType<typeof rollover> } | undefined;

  /** The model's words; undefined where another model stands there now. */
  const block = async ({ found, model }: Chosen): Promise<Buffer | undefined> => {
    const words = await bus.readHoldingRegisters(unit, found.address, model.words);
    return words.readUInt16BE(0) === found.id && words.readUInt16BE(2) === found.length ? words : undefined;
  };
  const fresh = async (): Promise<{ words: Buffer; at: Chosen }> => {
    if (chosen) {
      const words = await block(chosen);
      if (words) return { words, at: chosen };
    }
    chosen = choose(await discover(bus, unit), wanted, `unit ${unit} on ${bus.name}`);
    const words = await block(chosen);
    if (!words)
      throw new AppError("sunspec-not-found", `unit ${unit} on ${bus.name} moved its models while they were read`, {
        temporary: true,
      });
    return { words, at: chosen };
  };

  return {
    kind: "poll",
    name,
    pollMs: options.pollMs,
    async read() {
      const { words, at } = await fresh().catch((error: unknown) => {
        chosen = undefined;
        throw error;
      });
      const { receivedMs, clockSynced } = options.stamp();
      const { serial } = at.found.device;
      // Another device counts from elsewhere.
      if (counted?.serial !== serial) counted = { serial, over: rollover() };
      const values = counted.over(modelValues(words, at.model), at.model);
      const exportPositive = at.model.kind === "inverter" || positivePower === "export";
      const reading = checkedReading({
        meter: name,
        meterId: serial,
        receivedMs,
        meterMs: null,
        clockSynced,
        quality: plausible || isPlausible(values) ? "valid" : "suspect",
        ...signed(measuredOf(values, { reversed: false, oneWay: false }), exportPositive),
        subMeters: [],
      });
      if (reading.quality === "suspect") return reading;
      // No voltage at all says nothing: a device that just started sends zeros.
      plausible ||= voltageVerdict(values) === "good";
      return {
        ...reading,
        importWh: first.believed("import", reading.importWh, receivedMs),
        exportWh: first.believed("export", reading.exportWh, receivedMs),
      };
    },
  };
}

/** Power with import positive; the counters of a model always say which way they count. */
function signed(measured: Measured, exportPositive: boolean): Measured {
  if (!exportPositive) return measured;
  const { powerW, phases } = measured;
  return {
    ...measured,
    powerW: powerW === null ? null : 0 - powerW,
    phases: phases.map((phase) => (phase.powerW === undefined ? phase : { ...phase, powerW: 0 - phase.powerW })),
  };
}

function choose(chain: readonly FoundModel[], wanted: "auto" | Model["kind"], where: string): Chosen {
  const kinds = wanted === "auto" ? (["meter", "inverter", "battery"] as const) : [wanted];
  const usable = chain.flatMap((found): Chosen[] => {
    const model = models.get(found.id);
    return model && found.length + 2 >= model.words ? [{ found, model }] : [];
  });
  for (const kind of kinds) {
    const chosen = usable.find(({ model }) => model.kind === kind);
    if (chosen) return chosen;
  }
  const have = chain.map(({ id }) => id).join(", ") || "none";
  throw new AppError("sunspec-no-model", `${where} has no SunSpec model of kind ${kinds.join(" or ")} (models: ${have})`);
}
