import { AppError } from "../../../core/app-error.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import type { ApplianceDevice } from "../appliance-device.ts";
import { controlModels, type ModelBlock } from "./control-models.ts";
import { revertTimer } from "./revert-timer.ts";

/** Immediate controls; offsets in words from the id. @see SunSpec Alliance, models 120, 121 and 123 */
const model = 123;
const words = 26;
const at = { wMaxLimPct: 5, wMaxLimPctRvrtTms: 7, wMaxLimEna: 9, wMaxLimPctSf: 23 } as const;
/** Where the power stands that the percents are of: WMax of the basic settings, else WRtg of the nameplate. */
const rated = [
  { id: 121, words: 23, power: 2, scale: 22 },
  { id: 120, words: 5, power: 3, scale: 4 },
] as const;

/**
 * PV behind an inverter with SunSpec model 123. Modes: limit (it feeds in at most -powerW; rounded down) and free, its own way
 * and its failsafe, powerW its rated power. Power fed in is negative.
 * The limit holds for the whole inverter, a battery on its DC side included.
 * @param options.maxPowerW rated power of the plant, W
 */
export function sunspecPv(options: { name: string; bus: ModbusBus; unit: number; maxPowerW: number }): ApplianceDevice {
  const { name, bus, unit, maxPowerW } = options;
  const models = controlModels(bus, unit);
  const read = (): Promise<ModelBlock> => models.read([model], words);
  const timer = revertTimer({ name, models, read, own: "free", offset: at.wMaxLimPctRvrtTms });

  const badAnswer = (what: string): AppError =>
    new AppError("device-bad-answer", `inverter ${name} (unit ${unit} on ${bus.name}) says ${what}`, { temporary: true });
  const ratedW = async (): Promise<number> => {
    const from = await models.read(
      rated.map(({ id }) => id),
      5,
    );
    const place = rated.find(({ id }) => id === from.found.id) ?? rated[0];
    const block = await models.read([place.id], place.words);
    const watt = block.value(place.power, "u16", place.scale);
    if (watt === null || !(watt > 0)) throw badAnswer(`that its rated power (model ${place.id}) is ${watt ?? "not known"} W`);
    return watt;
  };
  /** Counts that 100 % are. */
  const fullOf = (block: ModelBlock): number => {
    const full = Number(`100e${-block.exponent(at.wMaxLimPctSf)}`);
    if (!(Number.isInteger(full) && full <= 0xfffe)) throw badAnswer(`100 % is ${full} counts`);
    return full;
  };

  return {
    name,
    modes: [
      { id: "limit", minW: -maxPowerW, maxW: 0 },
      { id: "free", minW: -maxPowerW, maxW: -maxPowerW },
    ],
    async set({ mode, powerW }) {
      if (mode !== "limit" && mode !== "free")
        throw new AppError("device-unknown-mode", `PV has no mode ${mode}; it has limit and free`);
      const limited = mode === "limit";
      const watt = await ratedW();
      const block = await read();
      const full = fullOf(block);
      const kept = Math.floor((-powerW / watt) * full);
      const counts = limited ? (kept > 0 ? Math.min(kept, full) : 0) : full;
      if (limited) await timer.write(block);
      else await models.write(block, at.wMaxLimEna, [0]);
      await models.write(block, at.wMaxLimPct, [counts]);
      // Last, and every time: with this the device takes over what stands before it, and its time begins anew.
      if (limited) await models.write(block, at.wMaxLimEna, [1]);
      const after = await read();
      const [enabled, stands] = [after.word(at.wMaxLimEna), after.word(at.wMaxLimPct)];
      if (enabled !== (limited ? 1 : 0) || (limited && (stands !== counts || !timer.holds(after))))
        throw new AppError(
          "device-not-following",
          `inverter ${name} (unit ${unit} on ${bus.name}) was set to WMaxLim_Ena ${limited ? 1 : 0}, WMaxLimPct ${counts} and reads ${enabled}, ${stands}; is control by Modbus allowed in its menu?`,
          { temporary: true },
        );
    },
    async read() {
      const block = await read();
      const enabled = block.word(at.wMaxLimEna);
      if (enabled === 0) return { mode: "free", powerW: -maxPowerW };
      const [full, counts] = [fullOf(block), block.word(at.wMaxLimPct)];
      if (enabled !== 1 || counts > full)
        throw badAnswer(`WMaxLim_Ena ${enabled}, WMaxLimPct ${counts}, where ${full} are 100 %`);
      return { mode: "limit", powerW: 0 - Math.round((counts / full) * (await ratedW())) };
    },
    arm: timer.arm,
    get keepAliveS() {
      return timer.keepAliveS();
    },
  };
}
