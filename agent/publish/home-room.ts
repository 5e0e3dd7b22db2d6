import { z } from "zod";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { Instant } from "../../core/message/fields.ts";
import { OverrideMode } from "../../core/message/resource.ts";
import { parseAs } from "../../core/parse-as.ts";
import type { MqttBus } from "../../drivers/bus/mqtt-bus.ts";
import type { AgentApi } from "../api/status-server.ts";
import type { Override } from "../plan/override.ts";

/** What a home's own system (Home Assistant, Node-RED) sends to <prefix>/override/<appliance>/set; `clear` takes it back. */
const Wish = z.union([
  z.strictObject({ mode: z.literal("clear") }),
  z.strictObject({ mode: OverrideMode.exclude(["hold"]), until: Instant }),
  z.strictObject({ mode: OverrideMode.exclude(["hold"]), minutes: z.number().positive() }),
]);

const tellMs = 5_000;

/**
 * The residents' word over a broker in the home. Each appliance's word in force stands, retained, at
 * <prefix>/override/<appliance> (an empty object where there is none); what is refused is answered at …/error.
 * Whoever may write to that broker may say it: it is the household's.
 */
export function startHomeRoom(options: {
  bus: MqttBus;
  prefix: string;
  resources: readonly string[];
  api: Pick<AgentApi, "setOverride" | "clearOverride">;
  overrides: () => readonly Override[];
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): void {
  const { bus, clock, log } = options;
  const told = new Map<string, string>();
  const topicOf = (resource: string): string => `${options.prefix}/override/${resource}`;
  const publish = (topic: string, message: object, retain: boolean): Promise<void> =>
    bus.publish(topic, JSON.stringify(message), { retain }).catch((error: unknown) => {
      told.delete(topic);
      log.debug({ topic, error: errorMessage(error) }, "not said to the home's broker");
    });
  const tell = async (): Promise<void> => {
    for (const resource of options.resources) {
      const topic = topicOf(resource);
      const now = options.overrides().find((one) => one.resource === resource && one.untilMs > clock.now());
      const message = now ? { mode: now.mode, until: iso(now.untilMs) } : {};
      const text = JSON.stringify(message);
      if (told.get(topic) === text) continue;
      told.set(topic, text);
      await publish(topic, message, true);
    }
  };
  const take = async (resource: string, text: string): Promise<void> => {
    try {
      const wish = parseAs(Wish, parsed(text), "override-malformed");
      if (wish.mode === "clear") options.api.clearOverride(resource);
      else {
        const untilMs = "until" in wish ? Date.parse(wish.until) : clock.now() + Math.round(wish.minutes * 60_000);
        options.api.setOverride({ resource, mode: wish.mode, untilMs });
      }
      await tell();
    } catch (error) {
      log.warn({ resource, code: errorCode(error), error: errorMessage(error) }, "word of the home's broker refused");
      await publish(`${topicOf(resource)}/error`, { code: errorCode(error), message: errorMessage(error) }, false);
    }
  };
  for (const resource of options.resources)
    bus.follow(`${topicOf(resource)}/set`, (text) => void clock.hold(take(resource, text)));
  // A broker that was away may have lost what it kept.
  bus.onConnect(() => told.clear());
  clock.every(tellMs, tell, options.signal);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError("override-malformed", `no JSON: ${errorMessage(cause)}`, { cause });
  }
}
