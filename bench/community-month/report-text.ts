import type { Claim } from "../report.ts";
import type { StreetFigures } from "./figures.ts";
import type { MonthLedger } from "./settle-month.ts";

/** One way of running the street. */
export interface Way {
  name: string;
  figures: StreetFigures;
}

const euro = (micro: bigint): string => (Number(micro) / 1e6).toFixed(2);

/** The report of a month as Markdown. */
export function reportText(month: {
  title: string;
  setting: readonly string[];
  ways: readonly Way[];
  ledger: MonthLedger;
  claims: readonly Claim[];
  command: string;
}): string {
  const { ways, ledger } = month;
  const row = (what: string, of: (figures: StreetFigures) => string): string =>
    `| ${what} | ${ways.map(({ figures }) => of(figures)).join(" | ")} |`;
  const incomes = Object.entries(ledger.incomeMicro).map(([source, micro]) => `${source} ${euro(micro)} EUR`);
  return [
    `# ${month.title}`,
    "",
    `\`${month.command}\``,
    "",
    ...month.setting.map((line) => `- ${line}`),
    "",
    "## Three ways of running the street",
    "",
    `| | ${ways.map(({ name }) => name).join(" | ")} |`,
    `| --- | ${ways.map(() => "---:").join(" | ")} |`,
    row("energy bills of all homes, EUR", ({ billEur }) => billEur.toFixed(2)),
    row("less what stores hold at the end, EUR", ({ comparableEur }) => comparableEur.toFixed(2)),
    row("feeder's charges in dear hours, EUR", ({ chargeEur }) => chargeEur.toFixed(2)),
    row("bills with these charges, EUR", ({ comparableEur, chargeEur }) => (comparableEur + chargeEur).toFixed(2)),
    row("highest import of the street, kW", ({ peakKw }) => peakKw.toFixed(1)),
    row("slots above the feeder's limit", ({ slotsOver }) => String(slotsOver)),
    row("of these, not named by a plan before they began", ({ slotsOverUnnamed }) => String(slotsOverUnnamed)),
    row("of the sun's energy used in the street, %", ({ renewableUsedPercent }) => renewableUsedPercent.toFixed(1)),
    row("self-sufficiency, %", ({ selfSufficiencyPercent }) => selfSufficiencyPercent.toFixed(1)),
    row("K h below comfort", ({ kelvinHours }) => kelvinHours.toFixed(2)),
    row("kWh that cars missed", ({ missedKwh }) => missedKwh.toFixed(2)),
    row("slots of homes above their fuse", ({ fuseSlots }) => String(fuseSlots)),
    "",
    "## Contracts, rewards, settlement",
    "",
    `- ${ledger.events} events (stays of cars under control), ${ledger.beyond} of them beyond what homes had agreed to.`,
    `- What flexibility brought in: ${incomes.join(", ")}.`,
    `- Rewards: reckoned ${euro(ledger.reckonedMicro)} EUR, in co-signed records ${euro(ledger.rewardedMicro)} EUR, to ${ledger.homesRewarded} homes; days on which they came to more than there was: ${ledger.overspentDays}.`,
    `- Energy in co-signed records: ${euro(ledger.energyMicro)} EUR; with the rewards the homes owe ${euro(ledger.energyMicro - ledger.rewardedMicro)} EUR, and the contract has settled ${euro(ledger.chainMicro)} EUR over ${ledger.settledPairs} pairs.`,
    `- ${ledger.records} records (${Object.entries(ledger.recordsOf)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ")}), each signed by both; ${ledger.verified} verify as good against the chain; disputes: ${ledger.disputes}.`,
    ...(ledger.problems.length > 0 ? ["", "Not good:", "", ...ledger.problems.slice(0, 20).map((line) => `- ${line}`)] : []),
    "",
    "## Claims",
    "",
    "| | value | limit | |",
    "| --- | ---: | ---: | --- |",
    ...month.claims.map(({ name, value, limit, ok }) => `| ${name} | ${value} | ${limit} | ${ok ? "ok" : "**no**"} |`),
    "",
  ].join("\n");
}
