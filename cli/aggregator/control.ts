import { openStore } from "../../aggregator/store/open-store.ts";
import type { AuditAction, Deed } from "../../aggregator/store/audit-store.ts";
import type { ControlScope, OperatorWord } from "../../aggregator/store/control-store.ts";
import type { AggregatorConfig } from "../../aggregator/config/aggregator-config.ts";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { Scope } from "./control-scopes.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { spanMs } from "../span-ms.ts";
import { wholeNumber } from "../whole-number.ts";
import { whoAsks } from "./who.ts";

/** Options of all three verbs. */
interface ControlOptions {
  config: string;
  json?: true;
}

const mostReductionMs = 24 * 3_600_000;
const mostLimitMs = 366 * 24 * 3_600_000;

/** `smart-mla aggregator pause home|feeder|all [NAME] -c FILE`. @throws AppError control-unknown */
export function controlPause(
  scope: Scope,
  name: string | undefined,
  options: ControlOptions,
  say: (line: string) => void,
): Promise<number> {
  return addWord(scope, name, options, say, { word: "pause", untilMs: null, limitW: null });
}

/** `smart-mla aggregator reduce home|feeder|all [NAME] -c FILE [--for TIME]`. @throws AppError control-unknown, control-bad-time */
export function controlReduce(
  scope: Scope,
  name: string | undefined,
  options: ControlOptions & { for: string },
  say: (line: string) => void,
): Promise<number> {
  const lengthMs = lengthOf(options.for, mostReductionMs, "24h");
  return addWord(scope, name, options, say, { word: "reduce", untilMs: Date.now() + lengthMs, limitW: null });
}

/** `smart-mla aggregator limit FEEDER W -c FILE [--for TIME]`. @throws AppError control-unknown, control-bad-time, usage-bad-number */
export function controlLimit(
  feeder: string,
  watts: string,
  options: ControlOptions & { for?: string },
  say: (line: string) => void,
): Promise<number> {
  const limitW = wholeNumber("W", watts, { least: 0 });
  const untilMs = options.for === undefined ? null : Date.now() + lengthOf(options.for, mostLimitMs, "366d");
  return addWord("feeder", feeder, options, say, { word: "limit", untilMs, limitW });
}

function lengthOf(text: string, mostMs: number, most: string): number {
  const lengthMs = spanMs(text);
  if (lengthMs === undefined || lengthMs <= 0 || lengthMs > mostMs)
    throw new AppError("control-bad-time", `--for ${text}: expected a time up to ${most}, such as 30m or 2h`);
  return lengthMs;
}

/** `smart-mla aggregator resume home|feeder|all [NAME] -c FILE`: exit 1 where nothing was said about it. @throws AppError control-unknown */
export async function controlResume(
  scope: Scope,
  name: string | undefined,
  options: ControlOptions,
  say: (line: string) => void,
): Promise<number> {
  const config = readAggregatorConfig(options.config);
  const meant = scopeOf(scope, name, config);
  const store = await openStore(config.database);
  try {
    const nowMs = Date.now();
    const ended = await store.audited(
      (part) => part.endWords(meant, nowMs),
      (count) => (count > 0 ? deed("control.resume", meant, nowMs, { ended: count }) : null),
    );
    const left = (await store.wordsAt(nowMs)).map(wireOf);
    if (options.json) say(JSON.stringify({ ended, left }));
    else {
      say(ended > 0 ? `${shown(meant)} is planned again` : `nothing was said about ${shown(meant)}`);
      for (const word of left) say(`still: ${word.word} ${word.scope} ${word.name ?? ""} ${word.until ?? ""}`.trimEnd());
    }
    return ended > 0 ? exitCode.good : exitCode.checkFailed;
  } finally {
    await store.close();
  }
}

async function addWord(
  scope: Scope,
  name: string | undefined,
  options: ControlOptions,
  say: (line: string) => void,
  word: Pick<OperatorWord, "word" | "untilMs" | "limitW">,
): Promise<number> {
  const config = readAggregatorConfig(options.config);
  const meant = scopeOf(scope, name, config);
  const store = await openStore(config.database);
  try {
    const given = { ...word, scope: meant, atMs: Date.now() };
    const until = word.untilMs === null ? null : iso(word.untilMs);
    const detail = { until, ...(word.limitW !== null && { limitW: word.limitW }) };
    const id = await store.audited(
      (part) => part.addWord(given),
      (number) => deed(`control.${word.word}`, meant, given.atMs, { id: number, ...detail }),
    );
    if (options.json) say(JSON.stringify(wireOf({ id, ...given })));
    else if (word.limitW !== null) say(`${shown(meant)} has the limit ${word.limitW} W${untilText(word.untilMs)}`);
    else if (word.untilMs === null) say(`${shown(meant)} is paused until smart-mla aggregator resume`);
    else say(`${shown(meant)} is reduced until ${iso(word.untilMs)}`);
    return exitCode.good;
  } finally {
    await store.close();
  }
}

function scopeOf(
  kind: Scope,
  name: string | undefined,
  { sites, feeders }: Pick<AggregatorConfig, "sites" | "feeders">,
): ControlScope {
  if (kind === "all") {
    if (name !== undefined) throw new AppError("control-unknown", `"all" takes no name, and "${name}" was given`);
    return { kind };
  }
  const names = kind === "home" ? sites.map(({ site }) => site) : feeders.map((feeder) => feeder.name);
  if (name === undefined || !names.includes(name))
    throw new AppError(
      "control-unknown",
      `${kind} "${name ?? ""}" is not in the configuration (have: ${names.join(", ") || "none"})`,
    );
  return { kind, name };
}

/** As the audit log has it. */
function deed(action: AuditAction, scope: ControlScope, atMs: number, detail: Record<string, unknown>): Deed {
  const site = scope.kind === "home" ? scope.name : null;
  return { atMs, who: whoAsks(), action, site, detail: { scope: scope.kind, name: nameIn(scope), ...detail } };
}

const nameIn = (scope: ControlScope): string | null => (scope.kind === "all" ? null : scope.name);

const untilText = (untilMs: number | null): string =>
  untilMs === null ? " until smart-mla aggregator resume" : ` until ${iso(untilMs)}`;

const shown = (scope: ControlScope): string => (scope.kind === "all" ? "everything" : `${scope.kind} ${scope.name}`);

function wireOf({ id, word, scope, atMs, untilMs, limitW }: OperatorWord): {
  id: number;
  word: string;
  scope: string;
  name: string | null;
  at: string;
  until: string | null;
  limitW: number | null;
} {
  return {
    id,
    word,
    scope: scope.kind,
    name: nameIn(scope),
    at: iso(atMs),
    until: untilMs === null ? null : iso(untilMs),
    limitW,
  };
}
