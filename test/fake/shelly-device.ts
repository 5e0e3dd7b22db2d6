import type { MqttClient } from "mqtt";
import type { Clock } from "../../core/clock/clock.ts";
import { httpDevice, type HttpDevice } from "./http-device.ts";

/** The insides of a Shelly with one output: its relay, its flip-back timer, its meter. */
export interface ShellyInsides {
  on: boolean;
  /** When the timer runs out, on the clock's monotonic ms. */
  untilMs: number | null;
  durationS: number;
  /** Null for a model without a meter. */
  watts: number | null;
  /** Takes commands and does not move. */
  stuck: boolean;
  /** Ignores what it is told of timers, as an old firmware. */
  timeless: boolean;
}

export function shellyInsides(clock: Clock, watts: number | null = 812.5) {
  const inside: ShellyInsides = { on: false, untilMs: null, durationS: 0, watts, stuck: false, timeless: false };
  const look = (): ShellyInsides => {
    if (inside.untilMs !== null && clock.monotonicMs() >= inside.untilMs) {
      inside.on = !inside.on;
      inside.untilMs = null;
    }
    return inside;
  };
  const turn = (on: boolean, timerS: number | undefined): void => {
    if (inside.stuck) return;
    inside.on = on;
    inside.untilMs = timerS === undefined || inside.timeless ? null : clock.monotonicMs() + timerS * 1000;
    inside.durationS = timerS ?? 0;
  };
  return { inside, look, turn };
}
type Insides = ReturnType<typeof shellyInsides>;

const gen2Status = ({ look }: Insides): object => {
  const { on, untilMs, durationS, watts } = look();
  return {
    id: 0,
    source: "HTTP_in",
    output: on,
    ...(untilMs !== null && { timer_started_at: 1_732_300_000.11, timer_duration: durationS }),
    ...(watts !== null && { apower: on ? watts : 0, voltage: 231.2, current: 3.5, aenergy: { total: 6.5 } }),
    temperature: { tC: 41.2, tF: 106.2 },
  };
};

/** Generation 2 over HTTP, with the answers of a Shelly Plus 1PM (firmware 1.4). */
export function shellyGen2Http(device: Insides): Promise<HttpDevice> {
  return httpDevice(({ path, query }) => {
    const id = Number(query.get("id"));
    if (id !== 0) return { status: 500, body: { code: -105, message: `Argument 'id', value ${id} not found!` } };
    if (path === "/rpc/Switch.GetStatus") return { body: gen2Status(device) };
    if (path !== "/rpc/Switch.Set") return { status: 404, body: { code: 404, message: `No handler for ${path.slice(5)}` } };
    const wasOn = device.look().on;
    device.turn(query.get("on") === "true", query.has("toggle_after") ? Number(query.get("toggle_after")) : undefined);
    return { body: { was_on: wasOn } };
  });
}

/** Generation 1 over HTTP, with the answers of a Shelly 1PM or, without a meter, a Shelly 1 of before meters. */
export function shellyGen1Http(device: Insides, clock: Clock): Promise<HttpDevice> {
  return httpDevice(({ path, query }) => {
    if (path === "/meter/0" && device.inside.watts !== null)
      return {
        body: {
          power: device.inside.watts,
          overpower: 0,
          is_valid: true,
          timestamp: 1_732_300_000,
          counters: [0, 0, 0],
          total: 9,
        },
      };
    if (path !== "/relay/0") return { status: 404, headers: { "content-type": "text/plain" }, body: "Not Found" };
    const turn = query.get("turn");
    if (turn !== null) device.turn(turn === "on", query.has("timer") ? Number(query.get("timer")) : undefined);
    const { on, untilMs, durationS } = device.look();
    const left = untilMs === null ? 0 : Math.ceil((untilMs - clock.monotonicMs()) / 1000);
    const timer = { has_timer: untilMs !== null, timer_started: 0, timer_duration: durationS, timer_remaining: left };
    return { body: { ison: on, ...timer, overpower: false, source: "http" } };
  });
}

/** Generation 2 over MQTT: answers on <prefix>/rpc, and control topics. */
export async function shellyGen2Mqtt(client: MqttClient, prefix: string, device: Insides): Promise<void> {
  client.on("message", (topic, payload) => {
    if (topic !== `${prefix}/rpc`) return;
    const { id, src, method, params } = JSON.parse(payload.toString()) as {
      id: number;
      src: string;
      method: string;
      params: { id: number; on?: boolean; toggle_after?: number };
    };
    const answer = (body: object): void =>
      void client.publish(`${src}/rpc`, JSON.stringify({ id, src: prefix, dst: src, ...body }));
    if (params.id !== 0) return answer({ error: { code: -105, message: `Argument 'id', value ${params.id} not found!` } });
    if (method === "Switch.GetStatus") return answer({ result: gen2Status(device) });
    const wasOn = device.look().on;
    device.turn(params.on === true, params.toggle_after);
    answer({ result: { was_on: wasOn } });
  });
  await client.subscribeAsync(`${prefix}/rpc`, { qos: 1 });
}

/** Generation 1 over MQTT, `shellies/<model>-<id>`. */
export async function shellyGen1Mqtt(client: MqttClient, prefix: string, device: Insides): Promise<void> {
  const report = (): void => {
    client.publish(`${prefix}/relay/0`, device.look().on ? "on" : "off");
    if (device.inside.watts !== null) client.publish(`${prefix}/relay/0/power`, device.inside.watts.toFixed(2));
  };
  client.on("message", (topic, payload) => {
    const text = payload.toString();
    if (topic === `${prefix}/relay/0/command` && ["on", "off"].includes(text)) device.turn(text === "on", undefined);
    if (topic === `${prefix}/command` && text === "update") report();
  });
  await client.subscribeAsync([`${prefix}/relay/0/command`, `${prefix}/command`], { qos: 1 });
}
