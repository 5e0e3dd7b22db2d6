/** How a meter is asked. */
export interface SessionPlan {
  /** "auto" does what the identification says. D only listens. */
  mode: "auto" | "A" | "B" | "C" | "D";
  /** Device address in the sign-on; empty asks whoever is there. */
  address: string;
  /** Speed of the sign-on, or of what a mode D meter pushes. */
  baud: number;
  /** Highest speed that a mode C meter is asked for. */
  maxBaud: number;
  /** The line keeps its speed, as a socket does: a mode C meter is asked to keep it too. */
  fixedSpeed: boolean;
  /** Sends NULs before, for meters that sleep on a battery. */
  wakeUp: boolean;
  /** Mode D: how long to wait until the meter begins. */
  listenMs: number;
}

/** A whole readout. */
export interface OpticalReadout {
  /** Identification without "/"; null where it is not known. */
  meter: string | null;
  /** Data lines, 7 bits a character, without STX and check character. */
  lines: Uint8Array;
  integrity: "valid" | "absent";
}

/** What happens to a session. */
export type SessionEvent =
  | { on: "start" }
  | { on: "bytes"; bytes: Uint8Array }
  | { on: "timer" }
  | { on: "lost"; reason: string };

/** What the line's owner is to do. */
export type SessionEffect =
  | { do: "write"; bytes: Uint8Array }
  | { do: "baud"; baud: number }
  /** One timer: a new one takes the place of the one before. */
  | { do: "timer"; ms: number }
  | { do: "done"; readout: OpticalReadout }
  /** @param meter who failed; null where nobody identified himself */
  | { do: "fail"; code: IecCode; message: string; meter: string | null };

/** Codes that a session fails with; always temporary. */
export type IecCode = "iec-no-answer" | "iec-bad-bcc" | "iec-truncated" | "iec-too-long" | "iec-bad-identification";
