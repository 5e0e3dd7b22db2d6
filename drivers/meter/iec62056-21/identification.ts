/** What a meter says of itself after the sign-on: "/AAAbIdent". */
export interface Identification {
  /** All behind the "/", such as "LGZ5ZMD120". */
  meter: string;
  /** What the fifth character means. Mode A keeps the speed, B changes it by itself, C when it is acknowledged. */
  mode: "A" | "B" | "C";
  /** Highest speed that the meter offers, baud; null in mode A. */
  baud: number | null;
  /** Time that the meter needs before it is answered, ms: 20 where its third letter is lower case. */
  reactionMs: number;
}

/** Speeds by the digits 0 to 6 of mode C, and by the letters A to G of mode B. */
export const speeds = [300, 600, 1200, 2400, 4800, 9600, 19_200] as const;
const speedsOfModeB = [600, 1200, 2400, 4800, 9600, 19_200, 38_400];

/** A whole line with an identification; the echo of a sign-on ("/?...") is none. */
const pattern = /\/([A-Za-z]{3})([\x20-\x7e])([\x20-\x7e]*)\r?\n/;

/** The first identification in a text, and where its line begins and ends; undefined where none is whole. */
export function identificationIn(text: string): { start: number; end: number; said: Identification } | undefined {
  const found = pattern.exec(text);
  if (!found) return undefined;
  const [line, maker = "", speed = "", rest = ""] = found;
  const third = maker.charAt(2);
  const byDigit = speeds[Number.parseInt(speed, 10)];
  const byLetter = speedsOfModeB["ABCDEFG".indexOf(speed)];
  return {
    start: found.index,
    end: found.index + line.length,
    said: {
      meter: `${maker}${speed}${rest}`.trim(),
      mode: byDigit !== undefined ? "C" : byLetter !== undefined ? "B" : "A",
      baud: byDigit ?? byLetter ?? null,
      reactionMs: third === third.toLowerCase() ? 20 : 200,
    },
  };
}
