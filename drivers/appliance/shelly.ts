import { randomInt } from "node:crypto";
import { z } from "zod";
import { errorCode } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { HttpBus } from "../bus/http-bus.ts";
import type { MqttBus } from "../bus/mqtt-bus.ts";
import { jsonOf, networkRelay, refused, type MeteredRelay, type SwitchPort, type SwitchState } from "./network-relay.ts";

/** Options in YAML. Generation 2 stands for 2, 3 and 4 (Plus, Pro, Gen3, Gen4), which speak alike. */
export const ShellyHttpOptions = z.strictObject({
  generation: z.literal([1, 2]).default(2),
  /** Number of the output, from 0. */
  channel: z.int().min(0).max(15).default(0),
});

/** Options in YAML. `topic` is shellies/<model>-<id> of generation 1, the MQTT prefix of generation 2. */
export const ShellyMqttOptions = ShellyHttpOptions.extend({ topic: z.string().regex(/^[^#+\s]+[^#+\s/]$/) });

/** A little more than a day, which every generation takes. */
const mostTimerS = 86_400;
/** A figure of the meter is believed so long. */
const powerAgeMs = 120_000;

const Gen1Relay = z.object({ ison: z.boolean(), has_timer: z.boolean().optional(), timer_remaining: z.number().optional() });
const Gen1Meter = z.object({ power: z.number(), is_valid: z.boolean().optional() });
const Gen2Switch = z.object({
  output: z.boolean(),
  timer_started_at: z.number().optional(),
  timer_duration: z.number().optional(),
  apower: z.number().nullish(),
});
const Gen2Answer = z.object({
  id: z.number(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

const onOff = (closed: boolean): "on" | "off" => (closed ? "on" : "off");

function gen2State(status: unknown, name: string): SwitchState & { watts: number | null } {
  const { output, timer_started_at, timer_duration, apower } = parseAs(Gen2Switch, status, "device-bad-reply", name);
  return { closed: output, timerS: timer_started_at === undefined ? undefined : timer_duration, watts: apower ?? null };
}

/**
 * One output of a Shelly over HTTP.
 * @see https://shelly-api-docs.shelly.cloud/gen1/#shelly1-1pm-relay-0
 * @see https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch
 */
export function shellyHttp(options: { name: string; bus: HttpBus; generation: 1 | 2; channel: number }): MeteredRelay {
  const { name, bus, generation, channel } = options;
  if (generation === 2) {
    const status = async () => gen2State(await bus.getJson(`/rpc/Switch.GetStatus?id=${channel}`), name);
    return networkRelay(name, {
      mostTimerS,
      async switch(closed, timerS) {
        const timer = timerS === undefined ? "" : `&toggle_after=${timerS}`;
        await bus.getJson(`/rpc/Switch.Set?id=${channel}&on=${closed}${timer}`);
      },
      read: status,
      powerW: async () => (await status()).watts,
    });
  }
  return networkRelay(name, {
    mostTimerS,
    async switch(closed, timerS) {
      await bus.getJson(`/relay/${channel}?turn=${onOff(closed)}${timerS === undefined ? "" : `&timer=${timerS}`}`);
    },
    async read() {
      const said = parseAs(Gen1Relay, await bus.getJson(`/relay/${channel}`), "device-bad-reply", name);
      return { closed: said.ison, timerS: said.has_timer === true ? said.timer_remaining : undefined };
    },
    async powerW() {
      try {
        const { power, is_valid: valid } = parseAs(Gen1Meter, await bus.getJson(`/meter/${channel}`), "device-bad-reply", name);
        return valid === false ? null : power;
      } catch (error) {
        // Models without a meter do not know the path.
        if (errorCode(error) === "http-refused") return null;
        throw error;
      }
    },
  });
}

/**
 * One output of a Shelly over MQTT. Generation 1 has no timer there, so no closeFor().
 * @param options.replyTo topic of the gateway's own, unique at the broker, below which generation 2 answers
 * @see https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support-shelly1-1pm
 * @see https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt
 */
export function shellyMqtt(options: {
  name: string;
  bus: MqttBus;
  generation: 1 | 2;
  topic: string;
  channel: number;
  replyTo: string;
}): MeteredRelay {
  const { name, generation } = options;
  return networkRelay(name, generation === 2 ? gen2Mqtt(options) : gen1Mqtt(options));
}

function gen1Mqtt({ bus, topic, channel }: { bus: MqttBus; topic: string; channel: number }): SwitchPort {
  const state = `${topic}/relay/${channel}`;
  bus.listen(`${state}/power`);
  return {
    switch: (closed) => bus.publish(`${state}/command`, onOff(closed)),
    read: () =>
      bus.ask({ topic: `${topic}/command`, text: "update" }, [state], (text) =>
        // Overpower: it opened to protect itself.
        ["on", "off", "overpower"].includes(text) ? { closed: text === "on" } : undefined,
      ),
    async powerW() {
      const newest = bus.last(`${state}/power`);
      if (!newest || newest.retained || newest.ageMs > powerAgeMs || !/^-?\d+(\.\d+)?$/.test(newest.text)) return null;
      return Number(newest.text);
    },
  };
}

function gen2Mqtt(options: { name: string; bus: MqttBus; topic: string; channel: number; replyTo: string }): SwitchPort {
  const { name, bus, topic, channel, replyTo } = options;
  const call = (method: string, params: Record<string, unknown>): Promise<unknown> => {
    const id = randomInt(1, 2 ** 31);
    const text = JSON.stringify({ id, src: replyTo, method, params: { id: channel, ...params } });
    return bus.ask({ topic: `${topic}/rpc`, text }, [`${replyTo}/rpc`], (answer) => {
      const said = Gen2Answer.safeParse(jsonOf(answer));
      if (!said.success || said.data.id !== id) return undefined;
      if (said.data.error) throw refused(name, `${said.data.error.code} ${said.data.error.message}`);
      return said.data.result ?? null;
    });
  };
  const status = async () => gen2State(await call("Switch.GetStatus", {}), name);
  return {
    mostTimerS,
    async switch(closed, timerS) {
      await call("Switch.Set", { on: closed, ...(timerS !== undefined && { toggle_after: timerS }) });
    },
    read: status,
    powerW: async () => (await status()).watts,
  };
}
