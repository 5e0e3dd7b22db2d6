import type { z } from "zod";
import { AppError } from "../../../core/app-error.ts";
import type { Clock } from "../../../core/clock/clock.ts";
import { realClock } from "../../../core/clock/real-clock.ts";
import type { ByteBus, SerialSettings } from "../../bus/byte-bus.ts";
import { FrameError } from "../../bus/frame-error.ts";
import type { PollMeter, Stamp } from "../meter.ts";
import { serialCandidates } from "../serial-options.ts";
import type { IecOptions } from "./iec-options.ts";
import { iecReading } from "./iec-reading.ts";
import type { IecZone } from "./iec-time.ts";
import { OpticalFailure, openSession, type OpticalSession } from "./open-session.ts";
import type { OpticalReadout, SessionPlan } from "./session-plan.ts";

/** Where meters listen for a sign-on: the standard's speed first, then that of meters with a fixed one. */
export const signOnSettings: readonly [SerialSettings, ...SerialSettings[]] = [
  { baud: 300, dataBits: 7, parity: "even", stopBits: 1 },
  { baud: 9_600, dataBits: 7, parity: "even", stopBits: 1 },
];
/** What meters of mode D push with. */
export const pushSettings: readonly [SerialSettings, ...SerialSettings[]] = [
  { baud: 2_400, dataBits: 7, parity: "even", stopBits: 1 },
];

/** Mode D meters push at least so often; shorter than the least poll. */
const listenMs = 20_000;
/** A line that is just being opened again gets this, wall time. */
const openMs = 5_000;

/** One way to ask, and the framing of the line for it. */
interface Attempt {
  settings: SerialSettings;
  plan: SessionPlan;
}

/** Every way that the options leave open, the likeliest first. */
export function attemptsOf(options: z.output<typeof IecOptions>, fixedSpeed: boolean): Attempt[] {
  const { mode, address, max_baud: maxBaud, wake_up: wakeUp } = options;
  const attempt = (settings: SerialSettings, as: SessionPlan["mode"]): Attempt => ({
    settings,
    plan: { mode: as, address, baud: settings.baud, maxBaud, fixedSpeed, wakeUp, listenMs },
  });
  const asked = mode === "D" ? [] : serialCandidates(signOnSettings, options).map((settings) => attempt(settings, mode));
  const pushed = serialCandidates(pushSettings, options).map((settings) => attempt(settings, "D"));
  const all = [...asked, ...(mode === "auto" || mode === "D" ? pushed : [])];
  // Where nothing can be changed, one sign-on and one listening are all there is.
  return fixedSpeed ? all.filter(({ plan }, at) => at === all.findIndex((other) => other.plan.mode === plan.mode)) : all;
}

/**
 * A meter with an optical (or 20 mA, or RS-485) interface by IEC 62056-21, read in full every `poll_s`.
 * Its counters are as fresh as the last readout, so contacts that follow the grid meter need another kind of meter.
 * @param options.after timers; wall time by default
 */
export function iec62056(options: {
  name: string;
  bus: ByteBus;
  stamp: Stamp;
  pollMs: number;
  attempts: readonly Attempt[];
  zone: IecZone;
  after?: Clock["after"];
}): PollMeter {
  const { name, bus, attempts } = options;
  const after = options.after ?? wallTime();
  /** Number of the way that worked last. */
  let good = 0;
  let line: { state: "unopened" | "open" | "closed"; reason: string } = { state: "unopened", reason: "not open yet" };
  let session: OpticalSession | undefined;
  let opening = Promise.withResolvers<void>();

  const open = async (settings: SerialSettings): Promise<void> => {
    if (line.state === "open") return;
    if (line.state === "unopened") {
      line = { state: "closed", reason: "it is still being opened" };
      bus.open(settings, {
        data: (chunk) => session?.hear(chunk),
        opened() {
          line = { state: "open", reason: "" };
          opening.resolve();
        },
        closed(reason) {
          line = { state: "closed", reason };
          opening = Promise.withResolvers();
          session?.lost(reason);
        },
      });
    }
    const enough = new AbortController();
    const waited = new Promise<void>((resolve) => after(openMs, resolve, enough.signal));
    await Promise.race([opening.promise, waited]);
    enough.abort();
    // Read anew: the listener has set it meanwhile.
    const { state, reason } = line as { state: string; reason: string };
    if (state !== "open") throw new OpticalFailure("iec-no-answer", `${bus.name} is not open (${reason})`, null);
  };

  const ask = async ({ settings, plan }: Attempt): Promise<OpticalReadout> => {
    await open(settings);
    session = openSession({ port: bus, settings, plan, after });
    try {
      return await session.readout;
    } finally {
      session = undefined;
    }
  };

  /** Tries all ways until a meter identifies itself. */
  const readout = async (): Promise<OpticalReadout> => {
    let told: OpticalFailure | undefined;
    for (let count = 0; count < attempts.length; count++) {
      const at = (good + count) % attempts.length;
      const attempt = attempts[at];
      if (!attempt) break;
      try {
        const found = await ask(attempt);
        good = at;
        return found;
      } catch (error) {
        if (!(error instanceof OpticalFailure) || error.meter !== null || line.state !== "open") throw error;
        if (!told || told.code === "iec-no-answer") told = error;
      }
    }
    throw told ?? new OpticalFailure("iec-no-answer", `${bus.name}: no way to ask is left`, null);
  };

  return {
    kind: "poll",
    name,
    pollMs: options.pollMs,
    async read() {
      const { lines, integrity } = await readout();
      try {
        return iecReading(lines, { meter: name, zone: options.zone, checked: integrity === "valid", ...options.stamp() });
      } catch (cause) {
        throw cause instanceof AppError ? new FrameError(cause.code, cause.message, lines, { cause }) : cause;
      }
    },
  };
}

/** Timers of the machine; what a session throws reaches its promise. */
const wallTime = (): Clock["after"] =>
  realClock({
    onError: (error) => {
      throw error;
    },
  }).after;
