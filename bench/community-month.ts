import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { PriceSeries } from "../core/message/price-series.ts";
import { localTimeOf } from "../core/slots.ts";
import { figuresOf } from "./community-month/figures.ts";
import { withoutFlexibility } from "./community-month/layers.ts";
import { monthData } from "./community-month/month-data.ts";
import { monthThread } from "./community-month/month-thread.ts";
import { zone } from "./community-month/parties.ts";
import { reportText } from "./community-month/report-text.ts";
import { settleMonth } from "./community-month/settle-month.ts";
import { street, tariff } from "./community-month/street.ts";
import { atLeast, atMost, report, rounded } from "./report.ts";

/**
 * `npm run test:month [-- --homes 100] [--days 30] [--minutes 60] [--every 1] [--alone-every 6] [--limit-share 0.8]
 * [--reserve 0.99] [--seed 1] [--from-day 1] [--until-day 30] [--report FILE] [--json]`: a street over a month of real prices, run in
 * three ways: nobody plans; each home plans for itself (Layer 1); all are planned together under a feeder's limit (Layer 2), beside
 * each other in threads. Layer 2 is settled day by day: real contracts, records that both sides sign by their own ledgers, a
 * development chain; every record is verified. With --from-day only these days are planned together and looked at: nothing is
 * settled.
 *
 * - April 2026: DE-LU day-ahead prices; weather of the year before (Belgium); loads are Australian, moved by half a year. Where
 *   the data are absent, all of it is made (bench/community-month/made-data.ts).
 * - Planning is causal, as in bench:real-prices: day-ahead prices from 13:00, forecasts with made errors, cars known when they come.
 * - What a slot brings that no forecast had is met by reductions at once (bench/community-month/keep-limit.ts); thermostats and latest
 *   starts of cars stand above them.
 */
const text = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const option = (name: string, otherwise: number): number => Number(text(name) ?? otherwise);
const [count, days, minutes] = [option("--homes", 100), option("--days", 30), option("--minutes", 60)];
const [every, seed, share] = [option("--every", 1), option("--seed", 1), option("--limit-share", 0.8)];
const [aloneEvery, reserveQuantile] = [option("--alone-every", 6), option("--reserve", 0.99)];
/** Midnight in Berlin. */
const startMs = Date.parse("2026-03-31T22:00:00Z");
/** Hours in which the grid operator asks for more, EUR per kWh, and what it pays for a day within the limit. */
const dear = { from: "17:00", until: "21:00", eur: 0.08, availabilityEur: 2 };
const progress = (words: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${words}\n`);

const { data, isReal } = monthData(startMs, days);
const drawn = { homes: count, days, minutes, startMs, seed };
const homes = street(data, drawn);
const slotMs = minutes * 60_000;
const slots = homes[0]?.trial.slots ?? 0;
const charges = Array.from({ length: slots + 40 * Math.round(60 / minutes) }, (_, slot) => {
  const time = localTimeOf(startMs + slot * slotMs, zone);
  return dear.from <= time && time < dear.until ? dear.eur : 0;
});
const chargeAt = (slot: number): number => charges[slot] ?? 0;

const none = withoutFlexibility(homes);
const free = figuresOf(homes, none.runs, { limitW: Infinity, chargeAt });
const limitW = Math.ceil(free.peakKw * share) * 1000;
progress(`peak without flexibility ${rounded(free.peakKw)} kW, limit ${limitW / 1000} kW`);
const perDay = Math.round((24 * 60) / minutes);
const [from, until] = [(option("--from-day", 1) - 1) * perDay, option("--until-day", days) * perDay];
const work = { street: drawn, limitW, reserveQuantile, from, until, charges: charges.map((eur) => eur / 1000) };
const streetTogether = monthThread({ ...work, way: "together", everyHours: every }, progress);
if (text("--from-day") !== undefined) {
  const part = await streetTogether.done;
  const { plans, seconds, reducedSlots, reserveKw, namedSlots } = part;
  progress(`${plans} plans, ${seconds.toFixed(0)} s; reserve ${rounded(reserveKw)} kW, ${reducedSlots} slots reduced`);
  const nets = part.runs.map(({ netWh }) => netWh.slice(from, until));
  const overs = Array.from({ length: until - from }, (_, at) => from + at).filter(
    (slot) => nets.reduce((sum, net) => sum + (net[slot - from] ?? 0), 0) > limitW * (minutes / 60) + 1e-6,
  );
  progress(`slots above the limit: ${overs.join(", ") || "none"}; named beforehand: ${[...namedSlots].join(", ") || "none"}`);
  process.exit(overs.some((slot) => !namedSlots.has(slot)) ? 1 : 0);
}
const eachAlone = monthThread({ ...work, way: "alone", everyHours: aloneEvery }, progress);

const micro = (values: readonly number[] | undefined): string[] => (values ?? []).map((value) => String(Math.round(value * 1e6)));
const series: PriceSeries = {
  v: 1,
  currency: "EUR",
  start: new Date(startMs).toISOString(),
  stepS: minutes * 60,
  importPerKwh: micro(homes[0]?.reality.importPrice),
  exportPerKwh: micro(homes[0]?.reality.exportPrice),
};
const terms = {
  feeder: "street",
  importLimitW: limitW,
  day: [],
  charges: [{ from: dear.from, until: dear.until, perKwh: String(Math.round(dear.eur * 1e6)) }],
  availabilityPerDay: String(Math.round(dear.availabilityEur * 1e6)),
};
const settlingMs = performance.now();
const { metered, dayDone } = streetTogether;
const ledger = await settleMonth(homes, metered, { terms, series, minutes, dayDone, progress });
const [one, two] = [await eachAlone.done, await streetTogether.done];
progress(`run, settled and verified in ${((performance.now() - settlingMs) / 1000).toFixed(0)} s`);

const ways = [
  { name: "without flexibility", run: none },
  { name: "Layer 1 alone", run: one },
  { name: "Layer 2", run: two },
].map(({ name, run }) => ({ name, figures: figuresOf(homes, run.runs, { limitW, chargeAt, named: run.namedSlots }) }));
const [, alone, together] = ways.map(({ figures }) => figures);
if (!alone || !together) throw new Error("there are three ways");
const rows = ways.map(({ name, figures }) => ({
  way: name,
  ...Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
}));
const claims = [
  atMost("Layer 2: slots above the feeder's limit that no plan had named before", together.slotsOverUnnamed, 0),
  atMost("Layer 2: K h below comfort beside no flexibility", together.kelvinHours - free.kelvinHours, 0.01),
  atMost("Layer 2: kWh that cars missed", together.missedKwh, 0.1),
  atMost("Layer 2: slots of homes above their fuse", together.fuseSlots, 0),
  atMost("Layer 2: events beyond what homes agreed to", ledger.beyond, 0),
  atMost(
    "Layer 2 / without flexibility: bills and charges",
    (together.comparableEur + together.chargeEur) / (free.comparableEur + free.chargeEur),
    1,
  ),
  atMost(
    "rewards reckoned less rewards in records, micro-units",
    Math.abs(Number(ledger.reckonedMicro - ledger.rewardedMicro)),
    0,
  ),
  atMost(
    "owed by records less settled by the contract, micro-units",
    Math.abs(Number(ledger.energyMicro - ledger.rewardedMicro - ledger.chainMicro)),
    0,
  ),
  atMost("days on which rewards came to more than there was", ledger.overspentDays, 0),
  atLeast("records that verify as good, % of all", (100 * ledger.verified) / Math.max(1, ledger.records), 100),
  atMost("disputes", ledger.disputes, 0),
  atMost(
    "bills by records less bills by physics, EUR a home",
    Math.abs(Number(ledger.energyMicro) / 1e6 - together.billEur) / count,
    0.05,
  ),
];
const file = text("--report");
if (file !== undefined) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    reportText({
      title: "A month of a street of homes",
      command: `npm run test:month -- ${process.argv.slice(2).join(" ")}`,
      setting: [
        `${count} homes, ${days} days from ${series.start}, slots of ${minutes} minutes, planned together anew every ${every} h, each home for itself every ${aloneEvery} h and when its car comes; seed ${seed}.`,
        isReal
          ? "Day-ahead prices of DE-LU, April 2026; weather of Belgium a year before; base loads of Australian homes, moved by half a year; cars by Dutch arrivals, stays and energies."
          : "Prices, weather, loads and cars are made: the real ones were not there.",
        `Tariff: (day-ahead price + ${tariff.fees} EUR) × 1.19 for a kWh bought, ${tariff.share} of the day-ahead price for a kWh sold.`,
        `Feeder: at most ${limitW / 1000} kW (${share * 100} % of the peak without flexibility); its grid operator asks ${dear.eur} EUR a kWh from ${dear.from} until ${dear.until} and pays ${dear.availabilityEur} EUR for a day within the limit.`,
        "Rewards: 75 % of what the charging of cars saves of these charges against charging at once when they come. Tanks, heat pumps and batteries are planned too; for what they do between two plans there is no baseline, so it earns nothing.",
        `Layer 2: ${two.plans} coordinations in ${two.seconds.toFixed(0)} s; in ${two.reducedSlots} of ${slots} slots homes took less than planned, because something came that no forecast had.`,
        `Under the limit so much is left free that the errors of ${reserveQuantile * 100} % of the slots before fit into it (\`plan.reserve_quantile\`), in the end ${rounded(two.reserveKw)} kW; no wish is given up for it.`,
      ],
      ways,
      ledger,
      claims,
    }),
  );
}
report(rows, claims, process.argv);
