import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { HttpBus } from "../bus/http-bus.ts";
import type { MqttBus } from "../bus/mqtt-bus.ts";
import { jsonOf, networkRelay, refused, type MeteredRelay } from "./network-relay.ts";

/** Options in YAML. */
export const TasmotaHttpOptions = z.strictObject({
  /** Number of the relay, from 1. */
  relay: z.int().min(1).max(8).default(1),
});

/** Options in YAML. `topic` and `full_topic` as the device has them. */
export const TasmotaMqttOptions = TasmotaHttpOptions.extend({
  topic: z.string().regex(/^[^#+\s]+$/),
  full_topic: z
    .string()
    .regex(/^[^#+\s]+$/)
    .refine((text) => text.includes("%prefix%") && text.includes("%topic%"), "%prefix% and %topic% must be in it")
    .default("%prefix%/%topic%/"),
});

type Json = Record<string, unknown>;
/** Gives what the device answers to a command; `key` picks the answer among others. */
type Ask = (command: string, payload: string, keys: readonly string[]) => Promise<Json>;

/** The setting is at most 65535, which is 100 more than the seconds. */
const mostTimerS = 65_435;

/**
 * PulseTime of so many whole seconds: tenths of a second up to 111, else seconds and 100.
 * @see https://tasmota.github.io/docs/Commands/#pulsetime
 */
export function pulseTime(seconds: number): number {
  return seconds <= 11 ? seconds * 10 : seconds + 100;
}

/** One relay of a device with Tasmota over HTTP. @see https://tasmota.github.io/docs/Commands/#with-web-requests */
export function tasmotaHttp({ name, bus, relay }: { name: string; bus: HttpBus; relay: number }): MeteredRelay {
  return tasmota(name, relay, async (command, payload, keys) => {
    const line = payload === "" ? command : `${command} ${payload}`;
    const said = await bus.getJson(`/cm?cmnd=${encodeURIComponent(line)}`);
    const answer = answerOf(said, name);
    if (answer && keys.some((key) => key in answer)) return answer;
    throw new AppError(
      "device-bad-reply",
      `${name} answered ${command} with something else; is it Tasmota, and has it relay ${relay}?`,
      {
        temporary: true,
      },
    );
  });
}

/** One relay of a device with Tasmota over MQTT. @see https://tasmota.github.io/docs/MQTT/ */
export function tasmotaMqtt(options: {
  name: string;
  bus: MqttBus;
  relay: number;
  topic: string;
  fullTopic: string;
}): MeteredRelay {
  const { name, bus, relay, topic, fullTopic } = options;
  const of = (prefix: string, rest: string): string =>
    `${fullTopic.replace("%prefix%", prefix).replace("%topic%", topic).replace(/\/$/, "")}/${rest}`;
  return tasmota(name, relay, (command, payload, keys) => {
    const upper = command.toUpperCase();
    // SetOption4 moves results from RESULT to a topic of the command's name; status has one of its own anyway.
    const answers = ["RESULT", upper, upper.replace(/\d+$/, ""), `${upper}${payload}`].map((rest) => of("stat", rest));
    return bus.ask({ topic: of("cmnd", command), text: payload }, [...new Set(answers)], (text) => {
      const answer = answerOf(jsonOf(text), name);
      return answer && keys.some((key) => key in answer) ? answer : undefined;
    });
  });
}

function tasmota(name: string, relay: number, ask: Ask): MeteredRelay {
  const power = `Power${relay}`;
  // A device with one relay leaves the number out.
  const powerKeys = [`POWER${relay}`, ...(relay === 1 ? ["POWER"] : [])];
  const pulse = `PulseTime${relay}`;
  /** The device keeps its setting in flash: it is written when it changes. */
  let pulseSet: number | undefined;
  /** What the owner had set, while a time of ours may stand in its place. */
  let owners: number | undefined;

  const pulseOf = async (payload: string): Promise<{ set: number; remaining: number }> => {
    const answer = await ask(pulse, payload, [pulse]);
    const said = z.object({ Set: z.number(), Remaining: z.number() }).safeParse(answer[pulse]);
    if (!said.success) throw refused(name, `${pulse} is not understood`);
    return { set: said.data.Set, remaining: said.data.Remaining };
  };
  const setPulse = async (value: number): Promise<void> => {
    if (pulseSet === value) return;
    // Whether it came to be written is not known where the answer is lost.
    pulseSet = undefined;
    const { set } = await pulseOf(String(value));
    if (set !== value) throw refused(name, `${pulse} stays ${set} instead of ${value}`);
    pulseSet = value;
  };
  /** A time of ours that stayed behind would open the contact of whoever closes it next, and be taken for the owner's. */
  const giveBack = async (): Promise<void> => {
    if (owners === undefined) return;
    await setPulse(owners);
    owners = undefined;
  };
  return networkRelay(name, {
    mostTimerS,
    async switch(closed, timerS) {
      if (closed && timerS !== undefined) {
        if (owners === undefined) {
          const { set } = await pulseOf("");
          pulseSet = set;
          owners = set;
        }
        await setPulse(pulseTime(timerS));
      } else if (closed) await giveBack();
      await ask(power, closed ? "ON" : "OFF", powerKeys);
      if (!closed) await giveBack();
    },
    async read() {
      const answer = await ask(power, "", powerKeys);
      const closed = powerKeys.map((key) => answer[key]).includes("ON");
      if (!closed || owners === undefined) return { closed };
      const { set, remaining } = await pulseOf("");
      pulseSet = set;
      // PowerOnState 5 turns the timer round: it runs while the contact is open.
      return { closed, timerS: remaining > 0 ? secondsOf(remaining) : undefined };
    },
    async powerW() {
      const sensors = z.object({ ENERGY: z.object({ Power: z.union([z.number(), z.array(z.number())]) }) });
      const said = sensors.safeParse((await ask("Status", "10", ["StatusSNS"]))["StatusSNS"]);
      if (!said.success) return null;
      const { Power: watts } = said.data.ENERGY;
      return typeof watts === "number" ? watts : (watts[relay - 1] ?? null);
    },
  });
}

/** The remaining time is written as the setting is. */
function secondsOf(value: number): number {
  return value >= 111 ? value - 100 : value / 10;
}

/** The device's answer where it is an object. @throws AppError device-refused where it says no */
function answerOf(said: unknown, name: string): Json | undefined {
  if (typeof said !== "object" || said === null || Array.isArray(said)) return undefined;
  const answer = said as Json;
  const { WARNING: warning, Command: command } = answer;
  if (typeof warning === "string") throw refused(name, warning);
  if (command === "Unknown" || command === "Error") throw refused(name, `command ${command}`);
  return answer;
}
