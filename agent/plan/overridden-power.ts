import type { LocalAppliance } from "./local-input.ts";
import type { Override } from "./override.ts";

/** What an appliance draws while a resident's word holds, W. */
export function overriddenW({ modes, least }: Pick<LocalAppliance, "modes" | "least">, { mode, setting }: Override): number {
  if (mode === "boost") return modes.at(-1)?.maxW ?? 0;
  if (mode === "hold") return Math.min(setting?.powerW ?? 0, modes.find(({ id }) => id === setting?.mode)?.maxW ?? 0);
  return least.powerW;
}
