import type { MqttClient } from "mqtt";
import type { Clock } from "../../core/clock/clock.ts";
import { httpDevice, type HttpDevice } from "./http-device.ts";

/**
 * The insides of a device with Tasmota, as far as its commands Power, PulseTime and Status 10 go; the arithmetic of
 * PulseTime is that of SetPulseTimer() and GetPulseTimer() in tasmota/support.ino.
 */
export function tasmotaInsides(clock: Clock, relays = 1) {
  const inside = {
    on: Array.from({ length: relays }, () => false),
    pulse: Array.from({ length: relays }, () => 0),
    untilMs: Array.from({ length: relays }, (): number | null => null),
    watts: 1_999 as number | number[] | null,
    stuck: false,
    /** Takes no other PulseTime. */
    keepsPulse: false,
    /** PowerOnState 5: the timer runs while the relay is off. */
    inverse: false,
    /** Settings written to flash. */
    flash: 0,
    password: "",
  };
  const timer = (at: number, value: number): void => {
    const ms = value > 111 ? 1000 * (value - 100) : 100 * value;
    inside.untilMs[at] = value > 0 ? clock.monotonicMs() + ms : null;
  };
  const look = (): void => {
    for (const at of inside.on.keys()) {
      const until = inside.untilMs[at] ?? null;
      if (until === null || clock.monotonicMs() < until) continue;
      inside.on[at] = inside.inverse;
      inside.untilMs[at] = null;
    }
  };
  const remaining = (at: number): number => {
    const ms = (inside.untilMs[at] ?? 0) - clock.monotonicMs();
    return ms > 11_100 ? Math.floor(ms / 1000) + 100 : ms > 0 ? Math.floor(ms / 100) : 0;
  };
  const command = (line: string): object => {
    look();
    const [, name = "", index = "", payload = ""] = /^([a-z]+)(\d*) ?(.*)$/i.exec(line.trim()) ?? [];
    const number = index === "" ? 1 : Number(index);
    const at = number - 1;
    if (name.toLowerCase() === "status" && payload === "10")
      return {
        StatusSNS: { Time: "2026-11-22T19:00:00", ...(inside.watts !== null && { ENERGY: { Total: 3.2, Power: inside.watts } }) },
      };
    if (inside.on[at] === undefined) return { Command: "Error" };
    if (name.toLowerCase() === "pulsetime") {
      if (payload !== "" && !inside.keepsPulse) {
        if (inside.pulse[at] !== Number(payload)) inside.flash++;
        inside.pulse[at] = Number(payload);
        timer(at, Number(payload));
      }
      return { [`PulseTime${number}`]: { Set: inside.pulse[at], Remaining: remaining(at) } };
    }
    if (name.toLowerCase() !== "power") return { Command: "Unknown" };
    if (payload !== "" && !inside.stuck) {
      inside.on[at] = payload.toUpperCase() === "ON";
      timer(at, inside.on[at] !== inside.inverse ? (inside.pulse[at] ?? 0) : 0);
    }
    return { [relays === 1 ? "POWER" : `POWER${number}`]: inside.on[at] ? "ON" : "OFF" };
  };
  return { inside, command };
}
type Insides = ReturnType<typeof tasmotaInsides>;

export function tasmotaHttpDevice({ inside, command }: Insides): Promise<HttpDevice> {
  return httpDevice(({ path, query }) => {
    if (path !== "/cm") return { status: 404, body: "File Not Found" };
    const given = query.get("user") === "admin" && query.get("password") === inside.password;
    if (inside.password !== "" && !given) return { body: { WARNING: "Need user=<username>&password=<password>" } };
    return { body: command(query.get("cmnd") ?? "") };
  });
}

/** @param prefixes where commands come in and answers go out, such as cmnd/plug and stat/plug */
export async function tasmotaMqttDevice(
  client: MqttClient,
  prefixes: { cmnd: string; stat: string },
  device: Insides,
): Promise<void> {
  const { cmnd, stat } = prefixes;
  client.on("message", (topic, payload) => {
    if (!topic.startsWith(`${cmnd}/`)) return;
    const name = topic.slice(cmnd.length + 1);
    const answer = device.command(`${name} ${payload.toString()}`);
    const isStatus = name.toLowerCase() === "status";
    client.publish(`${stat}/${isStatus ? `STATUS${payload.toString()}` : "RESULT"}`, JSON.stringify(answer));
    for (const [key, value] of Object.entries(answer))
      if (key.startsWith("POWER")) client.publish(`${stat}/${key}`, String(value));
  });
  await client.subscribeAsync(`${cmnd}/#`, { qos: 1 });
}
