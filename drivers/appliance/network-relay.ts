import { AppError } from "../../core/app-error.ts";
import type { Relay } from "./relay.ts";

/** A relay that may have a meter of its own. */
export interface MeteredRelay extends Relay {
  /** What flows through it, W; null where it does not say. @throws AppError of its bus */
  powerW(): Promise<number | null>;
}

/** What a switch on the network says of itself. */
export interface SwitchState {
  closed: boolean;
  /** What its own timer was set to or has left, s; undefined where none runs. */
  timerS?: number | undefined;
}

/** How one make of switch is spoken to. */
export interface SwitchPort {
  /** @param timerS whole seconds after which it opens by itself; only given where `mostTimerS` says that it can */
  switch(closed: boolean, timerS?: number): Promise<void>;
  read(): Promise<SwitchState>;
  powerW(): Promise<number | null>;
  /** The longest time that its own timer can be set to, s; absent where it has none. */
  mostTimerS?: number;
}

/** How much a timer may have run down until it is read back, s. */
const readLagS = 5;

/** A relay out of a switch on the network: whatever it is told is read back. */
export function networkRelay(name: string, port: SwitchPort): MeteredRelay {
  const { mostTimerS } = port;
  /** Reads once more before it complains: a report that was under way may be older than the command. */
  const settled = async (fits: (state: SwitchState) => boolean): Promise<SwitchState> => {
    const first = await port.read();
    return fits(first) ? first : port.read();
  };
  const set = async (closed: boolean, timerS?: number): Promise<void> => {
    await port.switch(closed, timerS);
    const { timerS: runs } = await settled((state) => {
      if (state.closed !== closed) return false;
      return timerS === undefined || inTime(state.timerS, timerS);
    }).then((state) => {
      if (state.closed === closed) return state;
      throw new AppError(
        "relay-not-switched",
        `switch ${name} took the command but reads ${closed ? "open" : "closed"}; check its load, lock and protection`,
        { temporary: true },
      );
    });
    if (timerS !== undefined && !inTime(runs, timerS))
      throw new AppError(
        "relay-not-switched",
        `switch ${name} is closed, but its timer reads ${runs ?? "none"} instead of ${timerS} s; update its firmware`,
        { temporary: true },
      );
  };
  return {
    name,
    set: (closed) => set(closed),
    isClosed: async () => (await port.read()).closed,
    ...(mostTimerS !== undefined && {
      closeFor: (ms: number) => set(true, Math.min(mostTimerS, Math.max(1, Math.floor(ms / 1000)))),
    }),
    powerW: () => port.powerW(),
  };
}

function inTime(runsS: number | undefined, wantedS: number): boolean {
  return runsS !== undefined && runsS > Math.max(0, wantedS - readLagS) && runsS <= wantedS;
}

/** An answer of a switch that says no in its own words. */
export function refused(name: string, why: string): AppError {
  return new AppError("device-refused", `${name} refused: ${why.slice(0, 200)}; check channel, password and firmware`);
}

/** What a text says as JSON; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
