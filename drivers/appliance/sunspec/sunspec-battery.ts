import { AppError } from "../../../core/app-error.ts";
import type { Setting } from "../../../core/setting.ts";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import type { ApplianceDevice } from "../appliance-device.ts";
import { controlModels, type ModelBlock } from "./control-models.ts";
import { revertTimer } from "./revert-timer.ts";

/** Basic storage controls; offsets in words from the id. @see SunSpec Alliance, model 124 */
const model = 124;
const words = 26;
const at = {
  wChaMax: 2,
  storCtlMod: 5,
  chaState: 8,
  outWRte: 12,
  inWRte: 13,
  inOutWRteRvrtTms: 15,
  chaGriSet: 17,
  wChaMaxSf: 18,
  chaStateSf: 22,
  inOutWRteSf: 25,
} as const;
/** Bits of StorCtl_Mod: the limit of charging and that of discharging are in force. */
const both = 0b11;
const fromGrid = 1;

/** Limits as they stand in the device: it charges with `out` at least (negative) to `in` at most, in counts of the percent. */
interface Window {
  mode: number;
  out: number;
  in: number;
}

/**
 * A battery behind an inverter with SunSpec model 124. Modes: discharge, auto (the inverter's own way, and its failsafe: powerW
 * 0), charge. A power is held by making the two limits of the model equal, one of them negative, which is a window of no
 * width: Fronius, GEN24 Modbus operating instructions 42,0410,2649 (storage control, examples); the same in callifo/fronius_modbus
 * and evcc-io/evcc sunspec-inverter-control.yaml. Percents are of WChaMax for both directions; a power is rounded towards zero.
 * Whether other makers understand negative limits is not known: they read back as written, and a meter must show the rest.
 * @param options.gridCharging sets ChaGriSet where it is not; else the inverter may charge from its PV only
 */
export function sunspecBattery(options: {
  name: string;
  bus: ModbusBus;
  unit: number;
  maxChargeW: number;
  maxDischargeW: number;
  gridCharging: boolean;
}): ApplianceDevice {
  const { name, bus, unit, maxChargeW, maxDischargeW, gridCharging } = options;
  const models = controlModels(bus, unit);
  const read = (): Promise<ModelBlock> => models.read([model], words);
  const timer = revertTimer({ name, models, read, own: "auto", offset: at.inOutWRteRvrtTms });
  /** Which of the two it was told when told to stand still: both look alike in the device. */
  let stillMode = "charge";

  const badAnswer = (what: string): AppError =>
    new AppError("device-bad-answer", `battery ${name} (unit ${unit} on ${bus.name}) says ${what}`, { temporary: true });
  /** W that all counts of 100 % are, and these counts. */
  const scaleOf = (block: ModelBlock): { ratedW: number; full: number } => {
    const ratedW = block.value(at.wChaMax, "u16", at.wChaMaxSf);
    const full = Number(`100e${-block.exponent(at.inOutWRteSf)}`);
    if (ratedW === null || !(ratedW > 0)) throw badAnswer(`that its rated power (WChaMax) is ${ratedW ?? "not known"} W`);
    if (!(Number.isInteger(full) && full <= 0x7fff)) throw badAnswer(`100 % is ${full} counts`);
    return { ratedW, full };
  };
  const windowFor = (block: ModelBlock, { mode, powerW }: Setting): Window => {
    const { ratedW, full } = scaleOf(block);
    const counts = (watt: number, mostW: number): number => {
      const kept = Math.floor((Math.min(watt, mostW) / ratedW) * full);
      return kept > 0 ? Math.min(kept, full) : 0;
    };
    if (mode === "auto") return { mode: 0, out: full, in: full };
    if (mode === "charge") {
      const rate = counts(powerW, maxChargeW);
      return { mode: both, out: 0 - rate, in: rate };
    }
    if (mode === "discharge") {
      const rate = counts(-powerW, maxDischargeW);
      return { mode: both, out: rate, in: 0 - rate };
    }
    throw new AppError("device-unknown-mode", `a battery has no mode ${mode}; it has discharge, auto and charge`);
  };
  const windowOf = (block: ModelBlock): Window => ({
    mode: block.word(at.storCtlMod) & both,
    out: block.value(at.outWRte, "s16") ?? NaN,
    in: block.value(at.inWRte, "s16") ?? NaN,
  });
  const writeRates = (block: ModelBlock, window: Window): Promise<void> =>
    models.write(block, at.outWRte, [window.out & 0xffff, window.in & 0xffff]);

  return {
    name,
    modes: [
      { id: "discharge", minW: -maxDischargeW, maxW: 0 },
      { id: "auto", minW: 0, maxW: 0 },
      { id: "charge", minW: 0, maxW: maxChargeW },
    ],
    async set(setting) {
      const block = await read();
      const window = windowFor(block, setting);
      if (window.mode === 0) {
        await models.write(block, at.storCtlMod, [0]);
        await writeRates(block, window);
      } else {
        if (gridCharging && window.in > 0 && block.word(at.chaGriSet) !== fromGrid)
          await models.write(block, at.chaGriSet, [fromGrid]);
        await timer.write(block);
        await writeRates(block, window);
        // Last, and every time: with this the device takes over what stands before it, and its time begins anew.
        await models.write(block, at.storCtlMod, [both]);
        stillMode = setting.mode;
      }
      const after = await read();
      const stands = windowOf(after);
      const same = stands.mode === window.mode && (window.mode === 0 || (stands.out === window.out && stands.in === window.in));
      if (!same || (window.mode !== 0 && !timer.holds(after)))
        throw new AppError(
          "device-not-following",
          `battery ${name} (unit ${unit} on ${bus.name}) was set to StorCtl_Mod ${window.mode}, OutWRte ${window.out}, InWRte ${window.in} and reads ${stands.mode}, ${stands.out}, ${stands.in}; is control by Modbus allowed in its menu?`,
          { temporary: true },
        );
    },
    async read() {
      const block = await read();
      const { ratedW, full } = scaleOf(block);
      const { mode, out, in: most } = windowOf(block);
      if (mode === 0) return { mode: "auto", powerW: 0 };
      if (mode !== both || out !== -most)
        throw new AppError(
          "device-foreign-setting",
          `battery ${name} (unit ${unit} on ${bus.name}) has limits of somebody else (StorCtl_Mod ${mode}, OutWRte ${out}, InWRte ${most}); does another program control it?`,
          { temporary: true },
        );
      if (Math.abs(most) > full) throw badAnswer(`a limit of ${most} counts where ${full} are 100 %`);
      const powerW = Math.round((most / full) * ratedW) + 0;
      return { mode: powerW > 0 ? "charge" : powerW < 0 ? "discharge" : stillMode, powerW };
    },
    async stateOfCharge() {
      const percent = (await read()).value(at.chaState, "u16", at.chaStateSf);
      if (percent !== null && percent > 100) throw badAnswer(`that it is ${percent} % full`);
      return percent;
    },
    arm: timer.arm,
    get keepAliveS() {
      return timer.keepAliveS();
    },
  };
}
