import { beyondWh, moneyOf, overloadWh, tinyWh, type Board } from "./board.ts";
import type { Community } from "./coordinate.ts";
import type { Answer } from "./party.ts";

/** One pass over the parties: how many changed their plan, and where the community stood after it. */
export interface Round {
  phase: "look" | "search" | "fit" | "curtail" | "recover" | "improve" | "return";
  changed: number;
  overWh: number;
  money: number;
}

/** Slots in a row in which a limit is not kept. */
export interface FeederShortfall {
  feeder: string;
  kind: "import-limit" | "export-limit";
  slot: number;
  slots: number;
  /** The most that is beyond the limit in one of them. */
  amountW: number;
  message: string;
}

/** What a party's wishes miss because a limit would not be kept otherwise. */
export interface CurtailedParty {
  party: string;
  curtailedWh: number;
  message: string;
}

/** Plans of all parties, and what is missed. */
export interface CommunityResult<Plan> {
  /** "shortfall": a limit could not be kept with all wishes met. */
  status: "kept" | "shortfall";
  answers: Answer<Plan>[];
  /** Price of each feeder by slot, money per Wh: to begin with the next time. */
  prices: Float64Array[];
  /** By the parties' own prices. */
  money: number;
  overloadWh: number;
  feeders: FeederShortfall[];
  curtailed: CurtailedParty[];
  /** PV that parties hold back for the limits or for the price from above. */
  heldBack: { party: string; heldBackWh: number }[];
  /** True where nobody's plan of the last time changed. */
  keptAll: boolean;
  /** True where time was up: the best plans so far. */
  stopped: boolean;
  rounds: Round[];
}

/** What ends a coordination. @param made.wantedWh what each party's wishes missed before anybody had to give up anything, Wh; undefined where nobody had to */
export function communityResult<Plan>(
  community: Community<Plan>,
  board: Board<Plan>,
  made: { rounds: Round[]; wantedWh: readonly number[] | undefined; isStopped: boolean; keptAll: boolean },
): CommunityResult<Plan> {
  const feeders = board.lines.flatMap(({ feeder, total }) =>
    shortfallsOf(feeder.name, community.hours, (slot) => beyondWh(feeder, slot, total[slot] as number)),
  );
  const curtailed = community.parties.flatMap(({ name }, party): CurtailedParty[] => {
    const wh = made.wantedWh ? Math.round((board.answers[party]?.missedWh ?? 0) - (made.wantedWh[party] ?? 0)) : 0;
    return wh > 0
      ? [{ party: name, curtailedWh: wh, message: `${name} gets ${wh} Wh less than it wants, for the limit of its feeder` }]
      : [];
  });
  return {
    status: feeders.length + curtailed.length > 0 ? "shortfall" : "kept",
    answers: board.answers.filter((answer) => answer !== undefined),
    prices: board.lines.map(({ price }) => price),
    money: moneyOf(board),
    overloadWh: overloadWh(board),
    feeders,
    curtailed,
    heldBack: community.parties.flatMap(({ name }, party) => {
      const heldBackWh = Math.round(board.answers[party]?.heldBackWh ?? 0);
      return heldBackWh > 0 ? [{ party: name, heldBackWh }] : [];
    }),
    keptAll: made.keptAll,
    stopped: made.isStopped,
    rounds: made.rounds,
  };
}

function shortfallsOf(feeder: string, hours: Float64Array, beyond: (slot: number) => number): FeederShortfall[] {
  const found: FeederShortfall[] = [];
  for (const [slot, h] of hours.entries()) {
    const wh = beyond(slot);
    if (Math.abs(wh) <= tinyWh) continue;
    const kind = wh > 0 ? "import-limit" : "export-limit";
    const amountW = Math.ceil(Math.abs(wh) / h);
    const last = found.at(-1);
    if (last && last.kind === kind && last.slot + last.slots === slot) {
      last.slots += 1;
      last.amountW = Math.max(last.amountW, amountW);
    } else found.push({ feeder, kind, slot, slots: 1, amountW, message: "" });
  }
  for (const one of found) {
    const when = one.slots === 1 ? `in slot ${one.slot}` : `from slot ${one.slot} to ${one.slot + one.slots - 1}`;
    const what = one.kind === "import-limit" ? "import" : "export";
    one.message = `${feeder} carries ${one.amountW} W more than its ${what} limit ${when}`;
  }
  return found;
}
