import { AppError } from "../../core/app-error.ts";
import { carriedPrices, usualSize } from "./line-prices.ts";
import type { Answer, Pull } from "./party.ts";

/** A limit that parties share: a cable, a transformer. Wh a slot; Infinity where there is none. */
export interface Feeder {
  name: string;
  importLimitWh: Float64Array;
  exportLimitWh: Float64Array;
  /** Which parties hang on it, by their place in the list of parties; a party may hang on several. */
  members: readonly number[];
  /** No wish of a member is touched for this limit: what does not fit otherwise stays beyond it. */
  soft?: boolean;
  /** Pulls the sum of its members towards a profile. */
  pull?: Pull;
}

/** Energies up to this do not count as beyond a limit, Wh: sums of thousands of figures differ by as much. */
export const tinyWh = 1e-3;

/** A feeder with what its members take together, and what a Wh on it costs (negative: what export costs), by slot. */
export interface Line {
  feeder: Feeder;
  total: Float64Array;
  price: Float64Array;
  /** Members that have answered. */
  answered: number;
  importSizeWh: number;
  exportSizeWh: number;
}

/** Where a coordination stands: the last answer of each party, and what they sum up to. */
export interface Board<Plan> {
  slots: number;
  answers: (Answer<Plan> | undefined)[];
  lines: Line[];
  /** Lines of each party. */
  linesOf: Line[][];
}

/** A board without answers. @param prices by feeder, from the last time. @throws AppError plan-bad-feeder */
export function emptyBoard<Plan>(
  slots: number,
  parties: number,
  feeders: readonly Feeder[],
  prices: readonly Float64Array[] | undefined,
): Board<Plan> {
  const lines = feeders.map((feeder, index): Line => {
    const size = Math.max(0, ...feeder.members) + 1;
    if (size > parties || feeder.importLimitWh.length !== slots || feeder.exportLimitWh.length !== slots)
      throw new AppError(
        "plan-bad-feeder",
        `feeder ${feeder.name} has limits for ${feeder.importLimitWh.length} and ${feeder.exportLimitWh.length} slots and names party ${size - 1}; expected limits for ${slots} slots and parties below ${parties}`,
      );
    return {
      feeder,
      total: new Float64Array(slots),
      price: carriedPrices(feeder, prices?.[index]),
      answered: 0,
      importSizeWh: usualSize(feeder.importLimitWh),
      exportSizeWh: usualSize(feeder.exportLimitWh),
    };
  });
  const linesOf = Array.from({ length: parties }, (): Line[] => []);
  for (const line of lines) for (const party of line.feeder.members) linesOf[party]?.push(line);
  return { slots, answers: Array.from({ length: parties }, () => undefined), lines, linesOf };
}

/** @throws AppError plan-bad-answer where a party's figures cannot be added up */
export function checkedAnswer<Plan>(board: Board<Plan>, party: number, answer: Answer<Plan> | undefined): Answer<Plan> {
  const isGood =
    answer?.netWh.length === board.slots && answer.netWh.every((wh) => Number.isFinite(wh)) && Number.isFinite(answer.money);
  if (answer && isGood) return answer;
  throw new AppError("plan-bad-answer", `party ${party} answered no profile of ${board.slots} finite figures with its money`);
}

/** Puts an answer in the place of the party's last one. */
export function place<Plan>(board: Board<Plan>, party: number, answer: Answer<Plan>): void {
  const before = board.answers[party];
  for (const line of board.linesOf[party] ?? []) {
    if (!before) line.answered += 1;
    for (let slot = 0; slot < board.slots; slot += 1)
      line.total[slot] = (line.total[slot] as number) + change(before, answer, slot);
  }
  board.answers[party] = answer;
}

const change = (before: Answer<unknown> | undefined, after: Answer<unknown>, slot: number): number =>
  (after.netWh[slot] as number) - (before ? (before.netWh[slot] as number) : 0);

/** What a total is beyond the limits of its feeder: above 0 too much import, below 0 too much export. */
export function beyondWh({ importLimitWh, exportLimitWh }: Feeder, slot: number, total: number): number {
  const above = total - (importLimitWh[slot] as number);
  if (above > 0) return above;
  const below = total + (exportLimitWh[slot] as number);
  return below < 0 ? below : 0;
}

/** All that is beyond the limits, Wh; or beyond those only for which wishes may be touched. */
export function overloadWh<Plan>({ lines, slots }: Board<Plan>, which: "all" | "hard" = "all"): number {
  let sum = 0;
  for (const { feeder, total } of lines.filter((line) => which === "all" || line.feeder.soft !== true))
    for (let slot = 0; slot < slots; slot += 1) {
      const beyond = Math.abs(beyondWh(feeder, slot, total[slot] as number));
      if (beyond > tinyWh) sum += beyond;
    }
  return sum;
}

/** Whether an answer leaves each limit kept, or no worse off than it is; or only those for which wishes may be touched. */
export function fits<Plan>(board: Board<Plan>, party: number, answer: Answer<Plan>, which: "all" | "hard" = "all"): boolean {
  const before = board.answers[party];
  for (const { feeder, total } of board.linesOf[party] ?? []) {
    if (which === "hard" && feeder.soft) continue;
    for (let slot = 0; slot < board.slots; slot += 1) {
      const now = total[slot] as number;
      const limit = Math.abs(beyondWh(feeder, slot, now));
      if (Math.abs(beyondWh(feeder, slot, now + change(before, answer, slot))) > limit + 1e-9) return false;
    }
  }
  return true;
}

/** Money of all parties by their own prices, missed wishes with theirs. */
export function moneyOf<Plan>({ answers }: Board<Plan>): number {
  return answers.reduce((sum, answer) => sum + (answer?.money ?? 0), 0);
}

/** What an answer costs with a price on top for each Wh. */
export function pricedMoney<Plan>({ money, netWh }: Answer<Plan>, price: Float64Array | undefined): number {
  return price ? netWh.reduce((sum, wh, slot) => sum + wh * (price[slot] as number), money) : money;
}

/** The same of all, with what pulls on their sums cost: what a coordination makes small. */
export function meritOf<Plan>({ answers, lines, slots }: Board<Plan>, price: Float64Array | undefined): number {
  let merit = answers.reduce((sum, answer) => sum + (answer ? pricedMoney(answer, price) : 0), 0);
  for (const { feeder, total } of lines)
    for (let slot = 0; feeder.pull && slot < slots; slot += 1)
      merit += feeder.pull.pricePerWh2 * ((total[slot] as number) - (feeder.pull.towards[slot] as number)) ** 2;
  return merit;
}
