import { startOfLocalDay } from "../core/slots.ts";
import type { PastSlot } from "../planner/base-load.ts";
import { whPerLitreK } from "../planner/heat-device.ts";
import type { SeenSlot } from "../planner/presence-forecast.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { GivenWh } from "./given-energy.ts";
import { sunshineName } from "./observe-stores.ts";
import { recentDays } from "./recent-days.ts";
import { settingsIn } from "./settings-in.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { MeterStore } from "./store/meter-store.ts";
import type { ObservedSlot, ObservedStore } from "./store/observed-store.ts";

/** What the house did on the days before today; of its panels today too. */
export interface HouseHistory {
  /** What it drew without its controlled appliances. */
  base(nowMs: number): readonly PastSlot[];
  /** What its panels gave; without a meter of theirs, what the house exported. */
  pv(nowMs: number): readonly PastSlot[];
  /** Heat that people took from a tank. */
  draws(resource: string, nowMs: number): readonly PastSlot[];
  /** The sunshine that was foretold for an instant of the past, W/m²; undefined where nobody wrote it down. */
  sunshineWm2(nowMs: number): (atMs: number) => number | undefined;
  /** Whether a car was there, as far as its charger's meter tells. */
  presence(resource: string, nowMs: number): readonly SeenSlot[];
}

const houseDays = 14;
const habitDays = 28;
const hourMs = 3_600_000;
/** A charger that stands by draws less, W; one that charges draws more. */
const standByW = 50;

/** Reads it from the agent's database, a day at a time. */
export function houseHistory(options: {
  config: Pick<AgentConfig, "appliances" | "meters" | "site">;
  meters: Pick<MeterStore, "slots">;
  control: Pick<ControlStore, "switchings" | "lastBefore">;
  observed: Pick<ObservedStore, "read">;
  givenWh: GivenWh;
}): HouseHistory {
  const { config, meters, control, givenWh } = options;
  const { appliances, site } = config;
  const { timezone: zone } = site;
  const grid = config.meters.find(({ role }) => role === "grid")?.name ?? "";
  const panels = config.meters.filter(({ role }) => role === "pv").map(({ name }) => name);

  /** Whichever way round it is wired: nothing but PV runs through it. */
  const pvWh = (fromMs: number, toMs: number): Map<number, PastSlot> => {
    const found = new Map<number, PastSlot>();
    const add = (name: string, register: "import" | "export"): void => {
      for (const { startMs, endMs, wh } of meters.slots(name, register, fromMs, toMs))
        found.set(startMs, { startMs, endMs, wh: (found.get(startMs)?.wh ?? 0) + wh });
    };
    if (panels.length === 0) add(grid, "export");
    for (const name of panels) for (const register of ["import", "export"] as const) add(name, register);
    return found;
  };
  const base = recentDays(houseDays, zone, (fromMs, toMs): PastSlot[] => {
    const given = panels.length === 0 ? new Map<number, PastSlot>() : pvWh(fromMs, toMs);
    const exported = new Map(meters.slots(grid, "export", fromMs, toMs).map(({ startMs, wh }) => [startMs, wh]));
    return meters.slots(grid, "import", fromMs, toMs).map(({ startMs, endMs, wh }) => {
      const own = panels.length === 0 ? 0 : (given.get(startMs)?.wh ?? 0) - (exported.get(startMs) ?? 0);
      const taken = appliances.reduce((sum, appliance) => sum + givenWh(appliance, startMs, endMs), 0);
      // PV may have fed part of what appliances took: less than nothing the house does not draw.
      return { startMs, endMs, wh: Math.max(0, wh + own - taken) };
    });
  });
  const pv = recentDays(houseDays, zone, (fromMs, toMs) => [...pvWh(fromMs, toMs).values()]);
  const foretold = (fromMs: number, toMs: number): ObservedSlot[] => options.observed.read(sunshineName, fromMs, toMs);
  const sunshine = recentDays(houseDays, zone, foretold);
  const draws = new Map(
    appliances.flatMap((appliance) => {
      const days = drawsOf(appliance);
      return days ? [[appliance.name, days] as const] : [];
    }),
  );
  const presence = new Map(
    appliances.flatMap((appliance) => {
      const days = presenceOf(appliance);
      return days ? [[appliance.name, days] as const] : [];
    }),
  );
  return {
    base,
    // The last hours of today tell most of the next ones.
    pv: (nowMs) => [...pv(nowMs), ...pvWh(startOfLocalDay(nowMs, zone), nowMs).values()],
    sunshineWm2(nowMs) {
      const slots = [...sunshine(nowMs), ...foretold(startOfLocalDay(nowMs, zone), nowMs)];
      return (atMs) => {
        const last = lastBegun(slots, atMs);
        return last && atMs < last.endMs ? last.value : undefined;
      };
    },
    draws: (resource, nowMs) => draws.get(resource)?.(nowMs) ?? [],
    presence: (resource, nowMs) => presence.get(resource)?.(nowMs) ?? [],
  };

  /** What went in, less what was lost and what warmed the water. */
  function drawsOf(appliance: ApplianceConfig): ((nowMs: number) => readonly PastSlot[]) | undefined {
    const { model, temperature } = appliance;
    if (model?.kind !== "tank" || !temperature) return undefined;
    return recentDays(habitDays, zone, (fromMs, toMs) => {
      const said = options.observed.read(temperature.sensor, fromMs - hourMs, toMs);
      return said.flatMap(({ startMs, endMs, value }, index) => {
        const before = said[index - 1];
        if (startMs < fromMs || before?.endMs !== startMs) return [];
        const lostWh = model.lossWPerK * ((before.value + value) / 2 - model.ambientC) * ((endMs - startMs) / hourMs);
        const warmedWh = model.litres * whPerLitreK * (value - before.value);
        return [{ startMs, endMs, wh: Math.max(0, givenWh(appliance, startMs, endMs) * model.cop - lostWh - warmedWh) }];
      });
    });
  }

  /**
   * There while it draws. Not there while it might draw and does not, on a day on which it has not drawn yet: later it may be
   * full. Nobody can tell while it is held off.
   */
  function presenceOf(appliance: ApplianceConfig): ((nowMs: number) => readonly SeenSlot[]) | undefined {
    const { name, meter, device } = appliance;
    if (meter === null || device.by !== "driver" || device.config.type !== "ev_charger") return undefined;
    return recentDays(habitDays, zone, (fromMs, toMs) => {
      const before = control.lastBefore(name, fromMs);
      const switchings = [...(before ? [before] : []), ...control.switchings(fromMs).filter(({ atMs }) => atMs < toMs)];
      let drew = false;
      return meters.slots(meter, "import", fromMs, toMs).flatMap(({ startMs, endMs, wh }) => {
        const there = (wh * hourMs) / (endMs - startMs) > standByW;
        drew ||= there;
        const { heldMs } = settingsIn(appliance, switchings, startMs, endMs);
        return there || (!drew && heldMs === 0) ? [{ startMs, endMs, there }] : [];
      });
    });
  }
}

/** The last slot that has begun by an instant, of slots in order of time. */
function lastBegun(slots: readonly ObservedSlot[], atMs: number): ObservedSlot | undefined {
  let [from, to] = [0, slots.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((slots[middle]?.startMs ?? Infinity) <= atMs) from = middle + 1;
    else to = middle;
  }
  return slots[from - 1];
}
