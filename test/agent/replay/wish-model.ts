import { createHmac } from "node:crypto";
import type { TracedAppliance, TraceEvent } from "../../../agent/replay/trace-event.ts";

/** How an appliance stands or should. */
export interface Stand {
  mode: string;
  powerW: number;
}

/** What is wanted of an appliance, by whom. */
export interface ModelWish extends Stand {
  by: "safe state" | "instruction" | "override" | "comfort";
}

const off: Stand = { mode: "off", powerW: 0 };
const on = ({ ratedPowerW }: TracedAppliance): Stand => ({ mode: "on", powerW: ratedPowerW });

/** The declared safe state. */
export function safeOf(appliance: TracedAppliance): Stand {
  return appliance.safeOn ? on(appliance) : off;
}

/** Whether one lets the appliance draw less than the other. */
export function isLess(one: Stand, other: Stand): boolean {
  return one.powerW === other.powerW ? one.mode === "off" && other.mode === "on" : one.powerW < other.powerW;
}

/** What residents and aggregator said, on the wall clock. */
export interface Said {
  /** Seconds since 1970 less seconds of the trace. */
  offsetS: number;
  lists: Map<string, Extract<TraceEvent, { kind: "instruction" }>["instructions"]>;
  overrides: Map<string, { mode: string; untilS: number }>;
}

/** Takes what an event says into account. */
export function hear(said: Said, event: TraceEvent): void {
  if (event.kind === "clock") said.offsetS += event.jumpS ?? 0;
  if (event.kind === "instruction") said.lists.set(event.resource, event.instructions);
  if (event.kind !== "override") return;
  said.overrides.delete(event.resource);
  if (event.mode !== "clear" && event.until !== undefined && event.until > event.at + said.offsetS)
    said.overrides.set(event.resource, { mode: event.mode, untilS: event.until });
}

/** The resident's word, else the instruction that began last, else the safe state. */
export function wishModel(appliance: TracedAppliance, said: Said, atS: number): ModelWish {
  const wallS = atS + said.offsetS;
  const override = said.overrides.get(appliance.resource);
  if (override && wallS < override.untilS) return { ...(override.mode === "boost" ? on(appliance) : off), by: "override" };
  const running = (said.lists.get(appliance.resource) ?? []).filter(({ from, until }) => from <= wallS && wallS < until);
  const latestS = Math.max(...running.map(({ from }) => from));
  const instruction = running.findLast(({ from }) => from === latestS);
  if (!instruction) return { ...safeOf(appliance), by: "safe state" };
  if (!instruction.on) return { ...off, by: "instruction" };
  const { ratedPowerW, minPowerW = ratedPowerW } = appliance;
  const powerW = Math.round(minPowerW + (instruction.factor ?? 1) * (ratedPowerW - minPowerW));
  return { mode: "on", powerW, by: "instruction" };
}

/** The delay that a gateway with this seed draws for the quarter of an hour that holds an instant, ms. */
export type DelayDraw = (seed: string, wallMs: number, longestMs: number) => number;

/** Remembers what it has drawn: an HMAC is slow beside all else here. */
export function delayDraw(): DelayDraw {
  const drawn = new Map<string, number>();
  return (seed, wallMs, longestMs) => {
    const quarterMs = wallMs - (((wallMs % 900_000) + 900_000) % 900_000);
    const key = `${seed} ${quarterMs}`;
    const digest = (): string => createHmac("sha256", seed).update(`${quarterMs}`).digest("hex");
    const part = drawn.get(key) ?? Number.parseInt(digest().slice(0, 12), 16) / 2 ** 48;
    drawn.set(key, part);
    return Math.floor(part * (longestMs + 1));
  };
}
