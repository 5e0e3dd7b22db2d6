import type { Plan } from "../real-prices/rolling.ts";
import type { Command, HouseRun, SlotDraws } from "../real-prices/simulate.ts";
import type { KeptSlot } from "./keep-limit.ts";
import type { StreetHome } from "./street.ts";

/** What was in a slot that went beyond the limit, kWh of the street: by plan, as it came, and after all reductions. */
export function slotWords(
  homes: readonly StreetHome[],
  houses: readonly HouseRun[],
  { slot, asked, kept, plans }: { slot: number; asked: readonly Command[]; kept: KeptSlot; plans: readonly (Plan | undefined)[] },
): string {
  const sum = (of: (home: number) => number): string => (homes.reduce((all, _, home) => all + of(home), 0) / 1000).toFixed(1);
  const by = (commands: readonly Command[]): string => {
    const draws = houses.map((house, home) => house.look(slot, commands[home] as Command));
    const names: (keyof SlotDraws)[] = ["net", "base", "pv", "car", "tank", "heat", "battery"];
    return names.map((name) => `${name} ${sum((home) => draws[home]?.[name] ?? 0)}`).join(", ");
  };
  const planned = (name: string): string =>
    sum((home) => {
      const plan = plans[home];
      const at = slot - (plan?.slot ?? 0);
      return (plan?.flows ?? []).reduce(
        (all, flow, index) => (plan?.names[index]?.startsWith(name) ? all + (flow.in[at] ?? 0) - (flow.out[at] ?? 0) : all),
        0,
      );
    });
  const foretold = homes.map(({ outlook }) => outlook(slot, 1));
  const charge = houses.reduce((all, house) => all + house.state().batteryWh, 0) / 1000;
  return [
    `planned: net ${sum((home) => plans[home]?.netWh[slot - (plans[home]?.slot ?? 0)] ?? 0)}, base ${sum((home) => foretold[home]?.baseWh[0] ?? 0)}, pv ${sum((home) => foretold[home]?.pvWh[0] ?? 0)}, ${["car", "tank", "heat pump", "battery"].map((name) => `${name} ${planned(name)}`).join(", ")}`,
    `came: ${by(asked)}`,
    `reduced: ${by(kept.commands)}`,
    `batteries held ${charge.toFixed(1)}`,
  ].join("; ");
}
