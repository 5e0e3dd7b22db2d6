import { AppError } from "../../../core/app-error.ts";
import type { Setting } from "../../../core/setting.ts";
import type { ControlModels, ModelBlock } from "./control-models.ts";

/** Longest time that a word of seconds holds; the next is "not implemented". */
const mostS = 0xfffe;
const notImplemented = 0xffff;

/** The time after which a SunSpec device drops a control by itself. */
export interface RevertTimer {
  /** @throws AppError device-cannot-arm where the device has no such time, or its failsafe is another mode than its own */
  arm(failsafe: Setting, timeoutS: number): Promise<void>;
  /** Writes it again, before the control that it belongs to: the device takes it over with that, and forgets it when it restarts. */
  write(block: ModelBlock): Promise<void>;
  /** Whether the device holds what was written. */
  holds(block: ModelBlock): boolean;
  keepAliveS(): number | undefined;
}

/**
 * @param options.own the mode that the device goes to by itself
 * @param options.offset where the time stands in the model
 */
export function revertTimer(options: {
  name: string;
  models: ControlModels;
  read: () => Promise<ModelBlock>;
  own: string;
  offset: number;
}): RevertTimer {
  const { name, models, read, own, offset } = options;
  let armedS: number | undefined;
  const timer: RevertTimer = {
    async arm(failsafe, timeoutS) {
      if (failsafe.mode !== own)
        throw new AppError(
          "device-cannot-arm",
          `${name} goes to ${own} by itself when nobody speaks to it, and cannot hold ${failsafe.mode} ${failsafe.powerW} W as its failsafe`,
        );
      const seconds = Math.min(Math.floor(timeoutS), mostS);
      if (!(seconds >= 1)) throw new AppError("device-cannot-arm", `${name} takes a timeout of 1 s at least, not ${timeoutS} s`);
      const block = await read();
      if (block.word(offset) === notImplemented)
        throw new AppError("device-cannot-arm", `${name} has no time of its own after which it drops a control`);
      armedS = seconds;
      try {
        await timer.write(block);
        const stands = await read();
        if (!timer.holds(stands))
          throw new AppError("device-not-following", `${name} was given ${seconds} s and reads ${stands.word(offset)} s`, {
            temporary: true,
          });
      } catch (error) {
        armedS = undefined;
        throw error;
      }
    },
    async write(block) {
      if (armedS !== undefined) await models.write(block, offset, [armedS]);
    },
    holds: (block) => armedS === undefined || block.word(offset) === armedS,
    keepAliveS: () => armedS && armedS / 3,
  };
  return timer;
}
