import type { Clock } from "../../../core/clock/clock.ts";
import type { SerialSettings } from "../../bus/byte-bus.ts";
import { FrameError } from "../../bus/frame-error.ts";
import { idleSession, mostReadoutBytes, stepSession, type SessionState } from "./optical-session.ts";
import type { IecCode, OpticalReadout, SessionEvent, SessionPlan } from "./session-plan.ts";

/** What a session does to a line that is open. */
export interface OpticalPort {
  configure(settings: SerialSettings): void;
  write(bytes: Uint8Array): void;
}

/** Why a session gave no readout. */
export class OpticalFailure extends FrameError {
  /** Identification of the meter that failed; null where nobody identified himself, so that another speed may help. */
  readonly meter: string | null;
  constructor(code: IecCode, message: string, meter: string | null, bytes: Uint8Array = new Uint8Array()) {
    super(code, message, bytes, { temporary: true });
    this.meter = meter;
  }
}

/** A running session; the line's owner tells it what happens. */
export interface OpticalSession {
  hear(bytes: Uint8Array): void;
  lost(reason: string): void;
  /** @throws OpticalFailure */
  readonly readout: Promise<OpticalReadout>;
}

/**
 * Asks a meter once.
 * @param options.settings framing of the line; the speed is the plan's
 * @param options.after timers; on real lines those of wall time
 */
export function openSession(options: {
  port: OpticalPort;
  settings: SerialSettings;
  plan: SessionPlan;
  after: Clock["after"];
}): OpticalSession {
  const { port, settings, plan } = options;
  const { promise, resolve, reject } = Promise.withResolvers<OpticalReadout>();
  let state: SessionState = idleSession;
  let timer = new AbortController();
  /** All that came, echoes too, for diagnosis. */
  const heard: Uint8Array[] = [];
  let heardBytes = 0;
  const take = (event: SessionEvent): void => {
    const step = stepSession(state, event, plan);
    ({ state } = step);
    for (const effect of step.effects)
      switch (effect.do) {
        case "write":
          port.write(effect.bytes);
          break;
        case "baud":
          port.configure({ ...settings, baud: effect.baud });
          break;
        case "timer":
          timer.abort();
          timer = new AbortController();
          options.after(effect.ms, () => take({ on: "timer" }), timer.signal);
          break;
        case "done":
          timer.abort();
          resolve(effect.readout);
          break;
        case "fail":
          timer.abort();
          reject(new OpticalFailure(effect.code, effect.message, effect.meter, Buffer.concat(heard)));
          break;
      }
  };
  take({ on: "start" });
  return {
    hear(bytes) {
      const kept = bytes.slice(0, mostReadoutBytes - heardBytes);
      heardBytes += kept.length;
      if (kept.length > 0) heard.push(kept);
      take({ on: "bytes", bytes });
    },
    lost: (reason) => take({ on: "lost", reason }),
    readout: promise,
  };
}
