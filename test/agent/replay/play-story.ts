import { replayer, type ReplayLine } from "../../../agent/replay/replay.ts";
import type { TraceEvent } from "../../../agent/replay/trace-event.ts";
import { lpcModel } from "./lpc-model.ts";
import type { Config, Step, Story } from "./random-story.ts";
import { rulesModel } from "./rules-model.ts";
import { simulatedHouse, type SimulatedHouse } from "./simulated-house.ts";

/** What a story became. */
export interface Played {
  events: TraceEvent[];
  lines: ReplayLine[];
}

/** Phases are rounded to whole watts in a reading. */
const slackW = 2;
const longestWallS = 1e9;

/**
 * Plays a story event by event through the agent's replay, with a house that gives the readings, and holds what was decided
 * at each event against the models. @throws Error that names the rule that was broken, and where
 */
export function playStory(story: Story): Played {
  const decide = replayer();
  const limit = lpcModel();
  const rules = rulesModel();
  const house = simulatedHouse(() => rules.world.appliances);
  const played: Played = { events: [], lines: [] };
  const happen = (event: TraceEvent): void => {
    const line = decide(event);
    played.events.push(event);
    played.lines.push(line);
    try {
      const expectedW = limit(event);
      if ((line.limitW ?? -1) !== (expectedW ?? -1)) throw new Error(`limit ${line.limitW} W, by the rules ${expectedW} W`);
      if (event.kind === "restart") house.restart(event.at * 1000);
      rules.check(event, line);
      const before = house.drawW();
      house.follow(event.at * 1000, line);
      checkHouse(house, rules.world, before);
    } catch (error) {
      throw new Error(`event ${played.events.length} (${JSON.stringify(event)}): ${String(error)}\n${JSON.stringify(line)}`, {
        cause: error,
      });
    }
  };
  let at = 0;
  happen({ kind: "config", at, ...story.config });
  // Set before the agent starts, so that it is no jump of the clock.
  happen({ kind: "clock", at, jumpS: story.wallS });
  happen({ kind: "restart", at });
  for (const step of story.steps) {
    at += step.waitS;
    at = tell(step, at, rules.world.said.offsetS, house, happen);
  }
  return played;
}

/** Makes the events of a step. @returns when the last was, s */
function tell({ what }: Step, at: number, offsetS: number, house: SimulatedHouse, happen: (event: TraceEvent) => void): number {
  const wall = (relativeS: number): number => Math.min(longestWallS, Math.max(0, at + offsetS + relativeS));
  switch (what.is) {
    case "heartbeat":
      happen({ kind: "heartbeat", at });
      return at;
    case "limit":
      happen({ kind: "limit", at, limitW: what.limitW, active: what.active, durationS: what.durationS });
      return at;
    case "restart":
      happen({ kind: "restart", at });
      return at;
    case "clock":
      happen({ kind: "clock", at, ...(what.jumpS !== undefined && { jumpS: what.jumpS }) });
      return at;
    case "config":
      // A configuration is read at the start.
      if (startsAnew(what.config)) happen({ kind: "restart", at });
      happen({ kind: "config", at, ...what.config });
      return at;
    case "override":
      happen({ kind: "override", at, resource: what.resource, mode: what.mode, until: wall(what.forS) });
      return at;
    case "instruction":
      happen({
        kind: "instruction",
        at,
        resource: what.resource,
        instructions: what.list.map(({ fromS, forS, on, factor }) => ({
          from: wall(fromS),
          until: wall(fromS + forS),
          on,
          reason: "plan",
          ...(factor !== undefined && { factor }),
        })),
      });
      return at;
    case "calm": {
      let beatAt = at;
      let now = at;
      for (let index = 0; index < what.count; index++) {
        now = at + index * what.everyS;
        if (what.beats && now >= beatAt) {
          happen({ kind: "heartbeat", at: now });
          beatAt += 60;
        }
        const { powerW, phaseW } = house.read(now * 1000, what.baseW, what.lagMs);
        happen({ kind: "reading", at: now, powerW, phaseW: phaseW.slice(0, what.phases) });
      }
      return now;
    }
  }
}

const startsAnew = (config: Config): boolean =>
  config.appliances !== undefined || config.heartbeatTimeoutS !== undefined || config.releaseWindowS !== undefined;

/** The house itself: nothing rises above a limit, and nothing stays on above one but for what the meter may not show yet. */
function checkHouse(house: SimulatedHouse, world: ReturnType<typeof rulesModel>["world"], before: readonly number[]): void {
  if (world.isStale) return;
  const now = house.drawW();
  const unsure = house.unsureW();
  const { maxImportW, limitW, peakW, fuseW, reading } = world;
  const limits: [index: number, name: string, limitW: number][] = [
    [0, "house", Math.min(maxImportW, limitW ?? Infinity, peakW ?? Infinity)],
    ...(fuseW === null
      ? []
      : (reading?.phaseW ?? []).map((_, index): [number, string, number] => [index + 1, `phase ${index + 1}`, fuseW])),
  ];
  for (const [index, name, mostW] of limits) {
    const drawnW = now[index] ?? 0;
    if (drawnW <= mostW + slackW) continue;
    if (drawnW > (before[index] ?? 0) + slackW) throw new Error(`${name} rises to ${drawnW} W, above ${mostW} W`);
    const isOff = [...world.appliances.values()].every(
      ({ resource, phases }) =>
        (index > 0 && phases !== null && !phases.includes(index)) || (world.owns.get(resource)?.stand.powerW ?? 0) <= 0,
    );
    if (!isOff && drawnW > mostW + (unsure[index] ?? 0) + slackW)
      throw new Error(`${name} draws ${drawnW} W, above ${mostW} W by more than the meter may not show (${unsure[index]} W)`);
  }
}
