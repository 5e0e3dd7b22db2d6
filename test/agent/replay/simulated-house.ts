import type { ReplayLine } from "../../../agent/replay/replay.ts";
import type { TracedAppliance } from "../../../agent/replay/trace-event.ts";
import { safeOf } from "./wish-model.ts";

/** Three phases, W. */
export type Phases = readonly [number, number, number];

/** A house that draws its base load and what is on, behind a meter that shows the appliances as they stood a little before. */
export interface SimulatedHouse {
  /** What the meter shows. @param lagMs above 0, up to 10 s */
  read(nowMs: number, baseW: Phases, lagMs: number): { powerW: number; phaseW: number[] };
  /** Puts everything into its declared state, as a start does. */
  restart(nowMs: number): void;
  /** Switches as an event's line says. */
  follow(nowMs: number, line: ReplayLine): void;
  /** Draw by the base load of the newest reading and how all appliances stand now, W: the whole house, then each phase. */
  drawW(): [total: number, ...phases: Phases];
  /** What the newest reading may show or not: changes of the 10 s before it, W; of the whole house, then of each phase. */
  unsureW(): [total: number, ...phases: Phases];
}

const meterLagMs = 10_000;

interface Load {
  appliance: TracedAppliance;
  /** In order of time; the last holds. */
  stood: { atMs: number; powerW: number }[];
}

/** @param appliances newest description of an appliance; one that was taken away stays as it stood */
export function simulatedHouse(appliances: () => ReadonlyMap<string, TracedAppliance>): SimulatedHouse {
  const loads = new Map<string, Load>();
  let reading = { atMs: -Infinity, baseW: [0, 0, 0] as Phases, lagMs: 0 };
  const sum = (of: (load: Load) => Phases): Phases =>
    [...loads.values()].map(of).reduce((one, other) => added(one, other), [0, 0, 0] as Phases);
  const house = (phases: Phases): [number, ...Phases] => [phases[0] + phases[1] + phases[2], ...phases];
  return {
    read(nowMs, baseW, lagMs) {
      reading = { atMs: nowMs, baseW, lagMs };
      const [powerW, ...phaseW] = house(
        added(
          baseW,
          sum((load) => spread(load, stoodAt(load, nowMs - lagMs))),
        ),
      );
      return { powerW: Math.round(powerW), phaseW: phaseW.map((one) => Math.round(one)) };
    },
    restart(nowMs) {
      for (const load of loads.values())
        if (appliances().has(load.appliance.resource)) set(load, nowMs, safeOf(load.appliance).powerW);
    },
    follow(nowMs, line) {
      for (const { resource, powerW } of line.commands) {
        const appliance = appliances().get(resource);
        if (!appliance) throw new Error(`a command for ${resource}, which is not there`);
        const load = loads.get(resource) ?? { appliance, stood: [{ atMs: -Infinity, powerW: safeOf(appliance).powerW }] };
        loads.set(resource, load);
        load.appliance = appliance;
        set(load, nowMs, powerW);
      }
    },
    drawW() {
      // What is no longer controlled is base load: nobody but the meter says how it stands.
      const seenMs = ({ appliance }: Load): number =>
        appliances().has(appliance.resource) ? Infinity : reading.atMs - reading.lagMs;
      return house(
        added(
          reading.baseW,
          sum((load) => spread(load, stoodAt(load, seenMs(load)))),
        ),
      );
    },
    unsureW() {
      const { atMs, lagMs } = reading;
      let most: Phases = [0, 0, 0];
      for (const load of loads.values())
        for (const [index, { atMs: changedMs, powerW }] of load.stood.entries()) {
          const deltaW = powerW - (load.stood[index - 1]?.powerW ?? powerW);
          const isOld = changedMs <= atMs - meterLagMs;
          // Shown already, and yet not sure to be; or not shown, and yet perhaps.
          const isShown = changedMs <= atMs - lagMs;
          if (!isOld && changedMs < atMs && isShown === deltaW < 0) most = added(most, spread(load, Math.abs(deltaW)));
          // Which phase it has left is not known either.
          if (!isOld && deltaW < 0 && load.appliance.phases === null) most = added(most, [-deltaW, -deltaW, -deltaW]);
        }
      return house(most);
    },
  };
}

/** Nobody wrote down the phases of some: then all of it hangs on the one that its name chooses. */
function spread({ appliance: { phases, resource } }: Load, powerW: number): Phases {
  const own = phases ?? [((resource.codePointAt(resource.length - 1) ?? 0) % 3) + 1];
  const [one, two, three] = [1, 2, 3].map((phase) => (own.includes(phase) ? powerW / own.length : 0));
  return [one ?? 0, two ?? 0, three ?? 0];
}

function set(load: Load, nowMs: number, powerW: number): void {
  if (stoodAt(load, nowMs) !== powerW) load.stood.push({ atMs: nowMs, powerW });
  if (load.stood.length > 40) load.stood.splice(0, 20);
}

const stoodAt = ({ stood }: Load, atMs: number): number => stood.findLast((one) => one.atMs <= atMs)?.powerW ?? 0;

const added = (one: Phases, other: Phases): Phases => [one[0] + other[0], one[1] + other[1], one[2] + other[2]];
