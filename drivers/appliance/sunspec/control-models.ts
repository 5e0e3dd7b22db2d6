import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import { discover, type FoundModel } from "../../meter/sunspec/discover.ts";

/** Words of a model as read at once, so that values and scale factors belong together. Offsets count from the model's id. */
export interface ModelBlock {
  found: FoundModel;
  /** Value times its power of ten; null where the device has none. `scale` is where the power of ten stands. */
  value(offset: number, type: "u16" | "s16", scale?: number): number | null;
  /** Power of ten at an offset; 0 where the device has none. */
  exponent(offset: number): number;
  /** The bare word. */
  word(offset: number): number;
}

/** Scale factors that the specification allows. */
const mostScale = 10;

/** The models of one unit that are read and written to. */
export interface ControlModels {
  /** The first of these models that the device has. @throws AppError of the bus, sunspec-not-found, or sunspec-no-model */
  read(ids: readonly number[], words: number): Promise<ModelBlock>;
  /** Writes words from an offset of a model on, in one request. */
  write(block: ModelBlock, offset: number, words: readonly number[]): Promise<void>;
}

/** Walks the chain of models again when another stands where one was: a setting in the device's menu moves them. */
export function controlModels(bus: ModbusBus, unit: number): ControlModels {
  const where = `unit ${unit} on ${bus.name}`;
  let chain: FoundModel[] | undefined;

  const blockOf = async (found: FoundModel, words: number): Promise<ModelBlock | undefined> => {
    const bytes = await bus.readHoldingRegisters(unit, found.address, words);
    const stays = bytes.readUInt16BE(0) === found.id && bytes.readUInt16BE(2) === found.length;
    return stays ? modelBlock(found, bytes) : undefined;
  };
  const find = async (ids: readonly number[], words: number): Promise<ModelBlock | undefined> => {
    chain ??= await discover(bus, unit);
    const found = ids.flatMap((id) => chain?.find((model) => model.id === id && model.length + 2 >= words) ?? [])[0];
    if (found) return blockOf(found, words);
    const have = chain.map(({ id }) => id).join(", ") || "none";
    throw new AppError("sunspec-no-model", `${where} has no SunSpec model ${ids.join(" or ")} (models: ${have})`);
  };

  return {
    async read(ids, words) {
      try {
        const block = chain && (await find(ids, words));
        if (block) return block;
        chain = undefined;
        const fresh = await find(ids, words);
        if (fresh) return fresh;
        throw new AppError("sunspec-not-found", `${where} moved its models while they were read`, { temporary: true });
      } catch (error) {
        chain = undefined;
        throw error;
      }
    },
    async write({ found }, offset, words) {
      const [only = 0] = words;
      if (words.length === 1) await bus.writeRegister(unit, found.address + offset, only);
      else await bus.writeRegisters(unit, found.address + offset, words);
    },
  };
}

function modelBlock(found: FoundModel, bytes: Buffer): ModelBlock {
  const exponent = (offset: number): number => {
    const scale = bytes.readInt16BE(offset * 2);
    return Math.abs(scale) > mostScale ? 0 : scale;
  };
  return {
    found,
    exponent,
    word: (offset) => bytes.readUInt16BE(offset * 2),
    value(offset, type, scale) {
      const raw = type === "u16" ? bytes.readUInt16BE(offset * 2) : bytes.readInt16BE(offset * 2);
      if (raw === (type === "u16" ? 0xffff : -0x8000)) return null;
      return scale === undefined ? raw : Number(`${raw}e${exponent(scale)}`);
    },
  };
}
