import { setImmediate } from "node:timers/promises";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { PastSlot } from "../../planner/base-load.ts";
import { isBattery, leastW } from "../optimise/resource-modes.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** What a home did, as far as its meters tell. */
export interface HomePast {
  /** Without what its appliances had been told to draw, and what a battery with a meter of its own did. */
  load: PastSlot[];
  /** What its panels gave; without a meter of theirs, what it fed back. */
  pv: PastSlot[];
}

const dayMs = 24 * 3_600_000;
/** A plan reaches no further ahead than this. */
const planReachMs = 36 * 3_600_000;

/** Reads some days, one after the other with room for other work between. */
export async function homePast(
  store: Pick<AggregatorStore, "slots" | "pvSlots" | "acceptedPlans" | "meterSlots">,
  site: string,
  resources: readonly Resource[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<HomePast> {
  const past: HomePast = { load: [], pv: [] };
  for (let startMs = fromMs; startMs < toMs; startMs += dayMs) {
    const endMs = Math.min(toMs, startMs + dayMs);
    const [imported, exported, given, plans] = [
      await store.slots(site, "import", startMs, endMs),
      await store.slots(site, "export", startMs, endMs),
      await store.pvSlots(site, startMs, endMs),
      await store.acceptedPlans(site, startMs - planReachMs, endMs),
    ];
    const batteries = resources.filter((resource) => isBattery(resource) && resource.meter !== undefined);
    const batteryWh = await takenBy(store, site, batteries, startMs, endMs);
    const toldWh = toldBy(
      plans,
      resources.filter((resource) => !batteries.includes(resource)),
    );
    const [outWh, pvWh] = [exported, given].map((slots) => new Map(slots.map((slot) => [slot.startMs, slot.wh])));
    const isMetered = given.length > 0;
    for (const { startMs: atMs, endMs: untilMs, wh } of imported) {
      const own = isMetered ? (pvWh?.get(atMs) ?? 0) - (outWh?.get(atMs) ?? 0) : 0;
      if (batteries.length > 0 && !isMetered) {
        // What it hid of the sun, or of the evening, is what the house did without it.
        const besideWh = wh - (outWh?.get(atMs) ?? 0) - (batteryWh.get(atMs) ?? 0) - toldWh(atMs, untilMs);
        past.load.push({ startMs: atMs, endMs: untilMs, wh: Math.max(0, besideWh) });
        past.pv.push({ startMs: atMs, endMs: untilMs, wh: Math.max(0, -besideWh) });
        continue;
      }
      const drawn = wh + own - (batteryWh.get(atMs) ?? 0);
      // An appliance that drew less than it was told must not look like a panel.
      past.load.push({ startMs: atMs, endMs: untilMs, wh: Math.max(0, drawn - toldWh(atMs, untilMs)) });
    }
    if (isMetered || batteries.length === 0) past.pv.push(...(isMetered ? given : exported));
    await setImmediate();
  }
  // Houses without panels feed back nothing, and need no forecast of it.
  return past.pv.some(({ wh }) => wh > 0) ? past : { ...past, pv: [] };
}

/** What batteries with a meter of their own took, Wh by start of the slot; less than nothing where they gave. */
async function takenBy(
  store: Pick<AggregatorStore, "meterSlots">,
  site: string,
  batteries: readonly Resource[],
  fromMs: number,
  toMs: number,
): Promise<ReadonlyMap<number, number>> {
  const taken = new Map<number, number>();
  for (const { meter = "" } of batteries)
    for (const [register, sign] of [
      ["import", 1],
      ["export", -1],
    ] as const)
      for (const { startMs, wh } of await store.meterSlots(site, meter, fromMs, toMs, register))
        taken.set(startMs, (taken.get(startMs) ?? 0) + sign * wh);
  return taken;
}

interface Told {
  fromMs: number;
  untilMs: number;
  powerW: number;
}

/** What appliances had been told to draw in a slot, Wh, by the list that was newest when it began. */
function toldBy(
  plans: readonly { list: InstructionList; atMs: number }[],
  resources: readonly Resource[],
): (startMs: number, endMs: number) => number {
  const spans = resources.map((resource) => {
    const own = plans.filter(({ list }) => list.resource === resource.resource);
    return own.flatMap(({ list, atMs }, index): Told[] => {
      const endMs = own[index + 1]?.atMs ?? Infinity;
      return list.instructions.flatMap((instruction): Told[] => {
        const mode = resource.operationModes.find(({ id }) => id === instruction.operationModeId);
        if (!mode) return [];
        const powerW = leastW(mode) + (instruction.operationModeFactor ?? 1) * (mode.powerW - leastW(mode));
        const fromMs = Math.max(atMs, Date.parse(instruction.executionTime));
        const untilMs = Math.min(endMs, Date.parse(instruction.validUntil));
        return untilMs > fromMs && powerW !== 0 ? [{ fromMs, untilMs, powerW }] : [];
      });
    });
  });
  return (startMs, endMs) => {
    let wh = 0;
    for (const told of spans)
      for (const { fromMs, untilMs, powerW } of told)
        wh += (powerW * Math.max(0, Math.min(endMs, untilMs) - Math.max(startMs, fromMs))) / 3_600_000;
    return wh;
  };
}
