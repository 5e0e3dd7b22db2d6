import { iso } from "../core/clock/clock.ts";
import type { Device, Flow, Home } from "./home.ts";
import { demandMissed } from "./objective.ts";
import { trajectory } from "./physics.ts";

/** A wish or a limit that the plan cannot keep. */
export interface Shortfall {
  /** Name of the appliance, or "grid". */
  appliance: string;
  kind: "below-minimum" | "above-maximum" | "demand-missed" | "cycle-not-run" | "import-limit" | "export-limit";
  /** First slot in which it is missed, and how many in a row are. */
  slot: number;
  slots: number;
  /** Start of that slot, where the problem says when it begins. */
  at?: string;
  /** The most that is missed in one of them, in `unit`. */
  amount: number;
  unit: "Wh" | "°C" | "W";
  message: string;
}

const tinyWh = 0.5;
/** Rounded for people and JSON, never minus zero. */
export const rounded = (value: number, decimals = 3): number => Number(value.toFixed(decimals)) + 0;

/** All that a plan misses, by name. */
export function shortfallsOf(home: Home, flows: readonly Flow[], crossings: readonly { gridWh: number }[]): Shortfall[] {
  return [
    ...gridShortfalls(home, crossings),
    ...home.devices.flatMap((device, index) => wishShortfalls(home, device, flows[index])),
  ];
}

/** When a slot starts, where the problem says when it begins. */
export const startOf = (home: Home, slot: number): { start?: string } => {
  if (home.startMs === null) return {};
  let atMs = home.startMs;
  for (let before = 0; before < slot; before += 1) atMs += (home.hours[before] ?? 0) * 3_600_000;
  return { start: iso(Math.round(atMs)) };
};

function gridShortfalls(home: Home, crossings: readonly { gridWh: number }[]): Shortfall[] {
  const over = (slot: number, wh: number): number => wh / (home.hours[slot] ?? 1);
  const imports = crossings.map(({ gridWh }, slot) => over(slot, gridWh - (home.importLimitWh[slot] ?? Infinity)));
  const exports = crossings.map(({ gridWh }, slot) => over(slot, -gridWh - (home.exportLimitWh[slot] ?? Infinity)));
  return [
    ...spells(
      home,
      "grid",
      "import-limit",
      "W",
      imports,
      (w, when) => `the house draws ${w} W more than its import limit ${when}`,
    ),
    ...spells(
      home,
      "grid",
      "export-limit",
      "W",
      exports,
      (w, when) => `${w} W more than the export limit cannot be used ${when}; they are lost`,
    ),
  ];
}

function wishShortfalls(home: Home, device: Device, flow: Flow | undefined): Shortfall[] {
  if (!flow) return [];
  const { name } = device;
  const fills = trajectory(device, flow);
  const { unit, of } = device.state;
  const zero = of(0);
  const below = Array.from(fills, (x, slot) => of(Math.max(0, (device.low[slot] ?? -Infinity) - x)) - zero);
  const above = Array.from(fills, (x, slot) => of(Math.max(0, x - (device.high[slot] ?? Infinity))) - zero);
  if (device.profile)
    return (below.at(-1) ?? 0) > tinyWh || below.some((wh) => wh > tinyWh)
      ? [
          {
            appliance: name,
            kind: "cycle-not-run",
            slot: 0,
            slots: fills.length,
            amount: rounded(Math.max(...below)),
            unit: "Wh",
            message: `${name} finds no place for its programme between from and until`,
          },
        ]
      : [];
  const missed = Array.from(fills, (fill, slot) => demandMissed(device, slot, fill, flow.in[slot] ?? 0));
  return [
    ...spells(
      home,
      name,
      "below-minimum",
      unit,
      below,
      (amount, when) => `${name} is ${amount} ${unit} below what is wanted ${when}`,
    ),
    ...spells(
      home,
      name,
      "above-maximum",
      unit,
      above,
      (amount, when) => `${name} is ${amount} ${unit} above what is allowed ${when}`,
    ),
    ...spells(
      home,
      name,
      "demand-missed",
      "Wh",
      missed,
      (amount, when) => `${name} gets ${amount} Wh less than demanded ${when}`,
    ),
  ];
}

/** Slots in a row that miss something become one shortfall. */
function spells(
  home: Home,
  appliance: string,
  kind: Shortfall["kind"],
  unit: Shortfall["unit"],
  amounts: readonly number[],
  say: (amount: number, when: string) => string,
): Shortfall[] {
  const least = unit === "°C" ? 0.01 : tinyWh;
  const found: Shortfall[] = [];
  for (const [slot, amount] of amounts.entries()) {
    if (!(amount > least)) continue;
    const last = found.at(-1);
    if (last && last.slot + last.slots === slot) {
      last.slots += 1;
      last.amount = Math.max(last.amount, rounded(amount));
    } else {
      const { start } = startOf(home, slot);
      found.push({
        appliance,
        kind,
        slot,
        slots: 1,
        ...(start === undefined ? {} : { at: start }),
        amount: rounded(amount),
        unit,
        message: "",
      });
    }
  }
  for (const one of found) {
    const which = one.slots === 1 ? `at the end of slot ${one.slot}` : `from slot ${one.slot} to ${one.slot + one.slots - 1}`;
    one.message = say(one.amount, which + (one.at ? ` (${one.at})` : ""));
  }
  return found;
}
