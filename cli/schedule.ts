import { join } from "node:path";
import { z } from "zod";
import { AgentSchedule } from "../agent/schedule-now.ts";
import { AppError } from "../core/app-error.ts";
import { iso } from "../core/clock/clock.ts";
import { parseAs } from "../core/parse-as.ts";
import { Problem } from "../planner/problem.ts";
import { wishPrices, type WishPrice } from "../planner/wish-prices.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askedAgent } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";
import { timeOf } from "./time-of.ts";

type Appliance = AgentSchedule["appliances"][number];
type Span = Appliance["spans"][number];

/** Whose word it is, in the words of a household. */
const whose: Record<Span["authority"], string> = {
  "safe-state": "safe state",
  local: "own plan",
  instruction: "aggregator",
  comfort: "comfort",
  override: "resident",
  safety: "safety",
};

/** `smart-mla schedule show -c FILE [--json]`: what each appliance is to do over the next 24 hours. */
export async function scheduleShow(options: { config: string; json?: true }, say: (line: string) => void): Promise<number> {
  const schedule = await askSchedule(options.config);
  if (options.json) {
    say(JSON.stringify(schedule));
    return exitCode.good;
  }
  const { site, timezone, appliances } = schedule;
  const clock = clockOf(timezone);
  say(`${site}, times in ${timezone}`);
  for (const { name, now } of appliances) say(`now: ${name} ${draw(now)}, ${now.reason}`);
  const rows = appliances
    .flatMap(({ name, spans }) => spans.map((span) => ({ name, span })))
    .toSorted((one, other) => Date.parse(one.span.from) - Date.parse(other.span.from))
    .map(({ name, span }) => [
      `${clock(span.from)} - ${clock(span.until)}`,
      name,
      draw(span),
      `${whose[span.authority]}: ${own(span.reason)}${span.delayS === null ? "" : ` (rises ${span.delayS} s later)`}`,
    ]);
  for (const line of table([["time", "appliance", "does", "by"], ...rows])) say(line);
  return exitCode.good;
}

/** `smart-mla schedule explain TIME -c FILE [--json]`: what holds then for each appliance, and why. */
export async function scheduleExplain(
  time: string,
  options: { config: string; json?: true },
  nowMs: number,
  say: (line: string) => void,
): Promise<number> {
  // What is no time at all needs no agent to be refused.
  if (time !== "now" && timeOf(time, readAgentConfig(options.config).site.timezone, nowMs) === undefined) badTime(time, nowMs);
  const { timezone, at, until, appliances } = await askSchedule(options.config);
  const atMs = instantOf(time, timezone, Date.parse(at), Date.parse(until));
  const clock = clockOf(timezone);
  const held = appliances.flatMap(({ name, now, spans }) => {
    const span = spans.find((one) => Date.parse(one.from) <= atMs && atMs < Date.parse(one.until));
    return span ? [{ name, ...span, now: atMs === Date.parse(at) ? now : null }] : [];
  });
  const { wishes, forecasts } = await askWishes(options.config);
  if (options.json) {
    say(JSON.stringify({ at: iso(atMs), appliances: held, wishes, forecasts }));
    return exitCode.good;
  }
  say(`at ${clock(iso(atMs))} (${iso(atMs)})`);
  for (const { name, now, ...span } of held) {
    say(`${name}: ${draw(span)} from ${clock(span.from)} until ${clock(span.until)}`);
    say(`    by ${byWhom(span)}`);
    if (span.delayS !== null)
      say(`    rises ${span.delayS} s after ${clock(span.from)}: the random delay drawn for that quarter of an hour`);
    if (now) say(`    stands at ${draw(now)} now: ${now.reason}`);
  }
  for (const wish of wishes) say(wishInWords(wish));
  for (const { name, error, unit, days } of forecasts)
    if (error !== null)
      say(
        `forecast of ${name}: ${Math.round(error)} ${unit}${unit === "Wh" ? " a day" : ""} off at the last try, from ${days} days`,
      );
  say("Limits, rests and comfort may hold something else then: only what was said in advance is known.");
  return exitCode.good;
}

/** What the own plan says of itself, without saying again whose it is. */
const own = (reason: string): string => reason.replace(/^own plan: /, "");

function byWhom({ authority, reason }: Span): string {
  switch (authority) {
    case "override":
      return `the resident's override: ${reason}`;
    case "instruction":
      return `the aggregator's instruction: ${reason}`;
    case "local":
      return `the house's own plan, as no aggregator's holds: ${own(reason)}`;
    case "comfort":
    case "safety":
      return `${authority}: ${reason}`;
    case "safe-state":
      return `nobody (${reason}): its safe state`;
  }
}

/** What the deadlines cost, planned here: the agent has houses to watch. */
async function askWishes(config: string): Promise<{ wishes: Wish[]; forecasts: Planned["forecasts"] }> {
  const socket = join(readAgentConfig(config).stateFolder, "agent.sock");
  const { problem, parts, forecasts } = parseAs(
    Planning,
    await askedAgent(socket, { method: "GET", path: "/v1/planning" }),
    "agent-unreachable",
  );
  if (!problem) return { wishes: [], forecasts };
  const wishes = wishPrices(problem, { name: "fast" }).flatMap(({ name, ...wish }) => {
    const part = parts.find((one) => one.name === name);
    return part?.readyBy ? [{ appliance: part.resource, readyBy: part.readyBy, ...wish, currency: problem.currency }] : [];
  });
  return { wishes, forecasts };
}

const Planning = z.object({
  problem: Problem.nullable(),
  parts: z.array(z.object({ name: z.string(), resource: z.string(), readyBy: z.string().nullable() })),
  /** What forecasts were off, on average: W, Wh a day, or percent of the slots. */
  forecasts: z.array(
    z.object({ name: z.string(), error: z.number().nullable(), unit: z.enum(["W", "Wh", "%"]), days: z.int().nonnegative() }),
  ),
});
type Planned = z.infer<typeof Planning>;

interface Wish extends Omit<WishPrice, "name"> {
  appliance: string;
  /** Local time. */
  readyBy: string;
  currency: string;
}

function wishInWords({ appliance, readyBy, shiftMinutes, cost, missingWh, currency }: Wish): string {
  const other = localTimePlus(readyBy, shiftMinutes);
  if (missingWh > 0)
    return `${appliance}: ready at ${other} instead of ${readyBy} is not possible, ${missingWh} Wh would be missing`;
  const cents = Math.abs(cost).toFixed(2);
  return `${appliance}: ready at ${other} instead of ${readyBy} ${cost < -0.005 ? `saves ${cents}` : `costs ${cost < 0.005 ? "0.00" : cents}`} ${currency}`;
}

function localTimePlus(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const all = (hour * 60 + minute + minutes + 2880) % 1440;
  return `${String(Math.floor(all / 60)).padStart(2, "0")}:${String(all % 60).padStart(2, "0")}`;
}

async function askSchedule(config: string): Promise<AgentSchedule> {
  const socket = join(readAgentConfig(config).stateFolder, "agent.sock");
  return parseAs(AgentSchedule, await askedAgent(socket, { method: "GET", path: "/v1/schedule" }), "agent-unreachable");
}

const draw = ({ mode, powerW }: { mode: string; powerW: number }): string => `${mode} (${powerW} W)`;

/** What local clocks show, with the weekday. */
function clockOf(timeZone: string): (instant: string) => string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short", hour: "2-digit", minute: "2-digit" });
  return (instant) => format.format(Date.parse(instant)).replace(",", "");
}

/** @throws AppError usage-bad-time */
function instantOf(time: string, zone: string, fromMs: number, untilMs: number): number {
  const atMs = time === "now" ? fromMs : timeOf(time, zone, fromMs);
  if (atMs === undefined || atMs < fromMs || atMs >= untilMs) badTime(time, fromMs);
  return atMs;
}

/** @throws AppError usage-bad-time */
function badTime(time: string, nowMs: number): never {
  throw new AppError(
    "usage-bad-time",
    `${time} is no time of the next 24 hours; write it as 18:00 (local), as ${iso(nowMs + 3_600_000)}, or as now`,
  );
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
