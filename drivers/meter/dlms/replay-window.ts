import { AppError } from "../../../core/app-error.ts";
import type { GeneralGlo } from "./general-glo.ts";

/**
 * Lets each frame counter of a meter pass once, and only upwards. One per line; asked only after the frame was deciphered,
 * so that a damaged counter cannot lock the meter out.
 * @returns a check that throws AppError dlms-replayed-counter
 */
export function replayWindow(): (glo: GeneralGlo) => void {
  /** Newest counter by system title; one line carries one meter, so the map stays small, and is bounded all the same. */
  const newest = new Map<string, number>();
  return ({ title, counter }) => {
    const meter = Buffer.from(title).toString("hex");
    const last = newest.get(meter);
    if (last !== undefined && counter <= last)
      throw new AppError("dlms-replayed-counter", `frame counter ${counter} is not above ${last}; an old frame was sent again`);
    if (newest.size >= 8 && last === undefined) newest.clear();
    newest.set(meter, counter);
  };
}
