import type { InstructionList } from "../../core/message/instruction.ts";
import type { Setting } from "../../core/setting.ts";
import { intents, type Authority, type PlanInput, type Planned } from "./intent.ts";

/** What one appliance is to do for a while, and by whose word. Instants in ms since 1970. */
export interface ScheduleSpan {
  fromMs: number;
  untilMs: number;
  setting: Setting;
  authority: Authority;
  reason: string;
}

/** What comfort wants is known only when its time has come. */
type Known = Omit<PlanInput, "nowMs" | "needs">;

/** What an appliance is to do in [from, until) by all that is known now, in order and without gaps. Pure. */
export function scheduleOf(appliance: Planned, known: Known, fromMs: number, untilMs: number): ScheduleSpan[] {
  const { resource } = appliance;
  const [given, local] = [timed(known.instructions.get(resource)), timed(known.local.get(resource))];
  const overrides = known.overrides.filter((one) => one.resource === resource);
  const edges = [...given, ...local, ...overrides]
    .flatMap((one) => [one.fromMs, one.untilMs])
    .filter((atMs) => atMs > fromMs && atMs < untilMs);
  const starts = [...new Set([fromMs, ...edges])].toSorted((one, other) => one - other);
  const spans: ScheduleSpan[] = [];
  for (const [index, startMs] of starts.entries()) {
    const plan = { instructions: inForce(resource, given, startMs), local: inForce(resource, local, startMs), overrides };
    const [intent] = intents([appliance], { ...plan, nowMs: startMs, needs: new Map() });
    if (!intent) continue;
    const { setting, authority, reason } = intent;
    const last = spans.at(-1);
    const endMs = starts[index + 1] ?? untilMs;
    if (last && last.authority === authority && last.reason === reason && sameSetting(last.setting, setting))
      last.untilMs = endMs;
    else spans.push({ fromMs: startMs, untilMs: endMs, setting, authority, reason });
  }
  return spans;
}

interface Timed {
  fromMs: number;
  untilMs: number;
  instruction: InstructionList["instructions"][number];
}

/** Read once: a list may hold a thousand. */
const timed = (list: InstructionList | undefined): Timed[] =>
  (list?.instructions ?? []).map((instruction) => ({
    fromMs: Date.parse(instruction.executionTime),
    untilMs: Date.parse(instruction.validUntil),
    instruction,
  }));

function inForce(resource: string, list: readonly Timed[], atMs: number): ReadonlyMap<string, InstructionList> {
  const instructions = list
    .filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)
    .map(({ instruction }) => instruction);
  return new Map([[resource, { plan: "", resource, instructions }]]);
}

const sameSetting = (one: Setting, other: Setting): boolean => one.mode === other.mode && one.powerW === other.powerW;
