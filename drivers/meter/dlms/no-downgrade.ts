import { AppError } from "../../../core/app-error.ts";
import type { DlmsKeys } from "./general-glo.ts";

/** How far a frame's cipher was seen through, weakest first. */
const ranks = { none: 0, "decrypted-unverified": 1, verified: 2 } as const;

/**
 * Believes nothing weaker than what the keys promise or the line has shown: whoever can write to the line can leave the
 * cipher or its tag away, but not make one. Never forgotten while the process runs, also not when the line opens anew.
 * @param clear code of the error for a clear frame
 * @returns a check that throws AppError `clear`, or dlms-downgraded for a frame without tag
 */
export function noDowngrade(
  meter: string,
  keys: DlmsKeys | undefined,
  clear: "p1-clear-telegram" | "han-clear-frame",
): (encryption: keyof typeof ranks) => void {
  let least: number = keys === undefined ? ranks.none : keys.authenticationKey ? ranks.verified : ranks["decrypted-unverified"];
  return (encryption) => {
    const rank = ranks[encryption];
    if (rank < least)
      throw rank === ranks.none
        ? new AppError(
            clear,
            `meter ${meter} has keys set, and this telegram is clear; somebody else may have sent it, or the meter does not encrypt`,
          )
        : new AppError(
            "dlms-downgraded",
            `meter ${meter} seals its frames, and this one has no tag; somebody else may have sent it`,
          );
    least = Math.max(least, rank);
  };
}
