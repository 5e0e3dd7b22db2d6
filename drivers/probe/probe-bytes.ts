import type { Clock } from "../../core/clock/clock.ts";
import { sameSettings, type ByteBus, type SerialSettings } from "../bus/byte-bus.ts";
import { hanSettings } from "../meter/han/han.ts";
import { p1Settings } from "../meter/dsmr/dsmr.ts";
import { pushSettings, signOnSettings } from "../meter/iec62056-21/iec62056-21.ts";
import { OpticalFailure, openSession, type OpticalSession } from "../meter/iec62056-21/open-session.ts";
import type { SessionPlan } from "../meter/iec62056-21/session-plan.ts";
import { judgeBytes } from "./judge-bytes.ts";
import { unreachable } from "./likely-cause.ts";
import { heardAt, settingsOptions, type FoundMeter, type Heard, type ProbePlace } from "./probe-result.ts";

/** What listening and asking on a line of bytes gave. */
export interface ByteProbe {
  found: FoundMeter | undefined;
  heard: Heard[];
}

/** The first three hear a byte of whatever a meter sends at any speed; where they are silent the others are too. */
const tellingSettings = [p1Settings[0], p1Settings[1], hanSettings[0]] as SerialSettings[];
/** How often what came is looked at. */
const lookMs = 200;
/** Telegrams are this far apart, and pieces of one are not. */
const quietLooks = 3;
/** After two bursts that mean nothing the setting is wrong: one may have been caught in the middle. */
const enoughBursts = 2;
const mostBytes = 64 * 1024;
/** A port that opens anew with another parity needs this. */
const settleMs = 250;
const openMs = 5_000;

/** Settings that meters push with, each once, the telling ones first. */
export function listenSettings(): SerialSettings[] {
  const all = [...tellingSettings, ...p1Settings, ...hanSettings, ...pushSettings];
  return all.filter((one, at) => at === all.findIndex((other) => sameSettings(other, one)));
}

/**
 * Listens on a line under all settings that P1, HAN and pushing IEC meters use, then asks for an IEC meter.
 * @param options.listenMs at each setting; meters speak every 1 to 10 s
 * @param options.trying told of each step, for people who wait
 * @throws AppError probe-port-missing, probe-no-permission, probe-port-busy, probe-refused, probe-unreachable
 */
export async function probeBytes(options: {
  bus: ByteBus;
  place: ProbePlace;
  listenMs: number;
  after: Clock["after"];
  signal: AbortSignal;
  trying: (what: string) => void;
}): Promise<ByteProbe> {
  const { bus, place, signal, trying } = options;
  const settings = bus.fixedSpeed ? [null] : listenSettings();
  const heard: Heard[] = [];
  let chunks: Uint8Array[] = [];
  let size = 0;
  let session: OpticalSession | undefined;
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const over = (): void => {
        signal.removeEventListener("abort", over);
        resolve();
      };
      signal.addEventListener("abort", over);
      options.after(ms, over, signal);
      if (signal.aborted) over();
    });
  const opened = Promise.withResolvers<void>();
  bus.open(settings[0] ?? p1Settings[0], {
    data(chunk) {
      if (session) session.hear(chunk);
      else if (size < mostBytes) chunks.push(chunk);
      size += chunk.length;
    },
    opened: () => opened.resolve(),
    closed(reason) {
      opened.reject(unreachable(reason, place));
      session?.lost(reason);
    },
  });
  // Rejected after it was awaited it concerns nobody.
  opened.promise.catch(() => undefined);
  await Promise.race([opened.promise, sleep(openMs).then(() => Promise.reject(unreachable("no answer", place)))]);

  const listen = async (at: SerialSettings | null): Promise<FoundMeter | undefined> => {
    trying(`listening at ${heardAt(at)}`);
    chunks = [];
    size = 0;
    let judged = judgeBytes(new Uint8Array(), at);
    let bursts = 0;
    let quiet = quietLooks;
    for (
      let waited = 0;
      waited < options.listenMs && bursts < enoughBursts && !judged.found && !signal.aborted;
      waited += lookMs
    ) {
      const before = size;
      await sleep(lookMs);
      if (size > before) {
        judged = judgeBytes(Buffer.concat(chunks), at);
        quiet = 0;
      } else if (++quiet === quietLooks) bursts++;
    }
    heard.push(judged.heard);
    return judged.found;
  };

  const ask = async (at: SerialSettings, wakeUp: boolean): Promise<FoundMeter | undefined> => {
    trying(`IEC 62056-21 sign-on at ${heardAt(bus.fixedSpeed ? null : at)}${wakeUp ? " after a wake-up" : ""}`);
    const plan: SessionPlan = {
      mode: "auto",
      address: "",
      baud: at.baud,
      maxBaud: 9600,
      fixedSpeed: bus.fixedSpeed === true,
      wakeUp,
      listenMs: 0,
    };
    session = openSession({ port: bus, settings: at, plan, after: options.after });
    const stop = (): void => session?.lost("stopped");
    signal.addEventListener("abort", stop, { once: true });
    const driver = {
      driver: "iec62056_21",
      ...(at !== signOnSettings[0] && !bus.fixedSpeed && settingsOptions(at)),
      ...(wakeUp && { wake_up: true }),
    };
    try {
      const { meter } = await session.readout;
      return { family: "iec62056-21", meter, driver, note: null };
    } catch (error) {
      if (!(error instanceof OpticalFailure) || error.meter === null) return undefined;
      return { family: "iec62056-21", meter: error.meter, driver, note: `it answered, but: ${error.message}` };
    } finally {
      signal.removeEventListener("abort", stop);
      session = undefined;
    }
  };

  for (const [at, one] of settings.entries()) {
    if (at >= tellingSettings.length && heard.every(({ bytes }) => bytes === 0)) break;
    if (at > 0 && one) {
      bus.configure(one);
      await sleep(settleMs);
    }
    const found = await listen(one);
    if (found || signal.aborted) return { found, heard };
  }
  const signOns = bus.fixedSpeed ? [signOnSettings[0]] : signOnSettings;
  for (const [one, wakeUp] of [...signOns.map((at) => [at, false] as const), [signOnSettings[0], true] as const]) {
    bus.configure(one);
    await sleep(settleMs);
    if (signal.aborted) break;
    const found = await ask(one, wakeUp);
    if (found) return { found, heard };
  }
  return { found: undefined, heard };
}
