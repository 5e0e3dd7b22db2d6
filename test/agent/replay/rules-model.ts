import type { ReplayLine } from "../../../agent/replay/replay.ts";
import type { TracedAppliance, TraceEvent } from "../../../agent/replay/trace-event.ts";
import { excessW, freeW, knownLimits, type KnownLimit } from "./limits-model.ts";
import { changesOf, modelWorld, moveTo, ownOf, takeEvent, type ModelWorld, type Own } from "./model-world.ts";
import { isLess, safeOf, wishModel, type ModelWish, type Stand } from "./wish-model.ts";

/** One appliance at one event. */
interface Turn {
  appliance: TracedAppliance;
  own: Own;
  before: Stand;
  wish: ModelWish;
  /** Where the plan alone leads at once: minimum on time and the count may hold a reduction back, and nothing else may. */
  planned: Stand;
  after: Stand;
  leaseUntilS: number | null;
  isOn: boolean;
}

const leaseMs = 900_000;
const mostChanges = 6;
/** Sums of shares are not exact. */
const slackW = 1e-6;
const slackMs = 0.01;

const draws = ({ powerW }: Stand): boolean => powerW > 0;
const same = (one: Stand, other: Stand): boolean => one.mode === other.mode && one.powerW === other.powerW;
const said = ({ mode, powerW }: Stand): string => `${mode} ${powerW} W`;
const rose = ({ before, after }: Turn): boolean => isLess(before, after);
const fell = ({ before, after }: Turn): boolean => isLess(after, before);
const isPrompt = ({ by }: ModelWish): boolean => by === "override" || by === "comfort";
const sum = (figures: readonly number[]): number => figures.reduce((one, other) => one + other, 0);

/** @throws Error that names the rule */
function rule(what: string, holds: boolean): void {
  if (!holds) throw new Error(what);
}

/**
 * The rules that hold over every trace, checked at each event on the commands alone, with a memory of its own. It uses nothing
 * of what decides in the agent.
 */
export function rulesModel(): {
  /** @throws Error that names the rule that was broken */
  check(event: TraceEvent, line: ReplayLine): void;
  world: ModelWorld;
} {
  const world = modelWorld();
  return {
    world,
    check(event, line) {
      takeEvent(world, event, line.limitW);
      const resources = [...world.appliances.keys()].join();
      rule(`commands for ${resources} and no other`, line.commands.map(({ resource }) => resource).join() === resources);
      rule(`a random delay of ${world.drawnMs} ms`, world.drawnMs >= 0 && world.drawnMs <= world.longestMs);
      const turns = [...world.appliances.values()].map((appliance, index) => turnOf(world, appliance, line.commands[index]));
      const limits = world.isStale ? [] : knownLimits(world);
      for (const turn of turns) checkSetting(world, turn);
      for (const turn of turns) checkDown(world, turn, turns, limits);
      const mayRise = turns.filter((turn) => checkUp(world, turn, turns));
      const drawnBeforeW = sum(turns.map(({ before }) => before.powerW));
      for (const turn of turns) settle(world, turn);
      const risenW = sum(turns.filter(rose).map(({ before, after }) => after.powerW - before.powerW));
      if (world.rampWPerMin !== null && risenW > 0)
        world.rampUntilMs = Math.max(world.rampUntilMs, world.nowMs) + (risenW / world.rampWPerMin) * 60_000;
      if (world.isStale) checkRated(world, turns);
      else checkLimits(world, turns, limits);
      for (const { appliance, wish, before } of mayRise) {
        const needW = wish.powerW - before.powerW;
        const fits = world.isStale
          ? (world.limitW ?? Infinity) - drawnBeforeW - risenW >= needW
          : limits.every((limit) => freeW(world, limit) >= needW * limit.share(appliance));
        rule(`${appliance.resource} is kept at ${said(before)}, wanted ${said(wish)} by ${wish.by}, without a cause`, !fits);
      }
    },
  };
}

function turnOf(world: ModelWorld, appliance: TracedAppliance, command: ReplayLine["commands"][number] | undefined): Turn {
  if (!command) throw new Error(`no command for ${appliance.resource}`);
  const own = ownOf(world, appliance);
  const before = own.stand;
  const wish = wishNow(world, appliance, own);
  return {
    appliance,
    own,
    before,
    wish,
    planned: isLess(wish, before) && !reductionWaits(world, appliance, own, wish) ? wish : before,
    after: { mode: command.mode, powerW: command.powerW },
    leaseUntilS: command.leaseUntilS,
    isOn: command.on,
  };
}

/** What is wanted now: a stale meter and a clock that jumped lead to the safe state, and the longest time off stands above the plan. */
function wishNow(world: ModelWorld, appliance: TracedAppliance, own: Own): ModelWish {
  if (world.isStale || world.isLost) return { ...safeOf(appliance), by: "safe state" };
  const wish = wishModel(appliance, world.said, world.atS);
  if (appliance.maxOffS === null || draws(wish) || draws(own.stand) || wish.by === "override") return wish;
  if (world.nowMs - own.sinceMs < appliance.maxOffS * 1000 - own.earlyMs) return wish;
  return { mode: "on", powerW: appliance.ratedPowerW, by: "comfort" };
}

function reductionWaits(world: ModelWorld, appliance: TracedAppliance, own: Own, wish: ModelWish): boolean {
  if (world.isStale || world.isLost) return false;
  const rests = draws(own.stand) && !draws(wish) && world.nowMs - own.sinceMs < appliance.minOnS * 1000;
  const ends = appliance.maxOffS !== null && draws(own.stand) && !draws(wish);
  const blocks = ends && !same(wish, safeOf(appliance)) && wish.by !== "override";
  // One change is left for what can still be pushed down; of a block one for its end too.
  const most = blocks ? mostChanges - 2 : wish.mode === "off" ? mostChanges : mostChanges - 1;
  return rests || (wish.mode !== own.stand.mode && changesOf(own, world.nowMs).length >= most);
}

function checkSetting({ nowMs, isStale }: ModelWorld, { appliance, before, after, leaseUntilS, isOn }: Turn): void {
  const { resource, ratedPowerW, minPowerW = ratedPowerW } = appliance;
  const safe = safeOf(appliance);
  const has = after.mode === "off" ? after.powerW === 0 : after.powerW >= minPowerW && after.powerW <= ratedPowerW;
  // What it had before a new configuration it may keep.
  rule(`${resource} is told ${said(after)}, which it does not have`, (has || same(before, after)) && isOn === draws(after));
  const leftMs = leaseUntilS === null ? null : leaseUntilS * 1000 - nowMs;
  if (same(after, safe)) rule(`${resource} has a lease in its safe state`, leftMs === null);
  else rule(`${resource} has a lease of ${leftMs} ms`, leftMs !== null && leftMs > 0 && leftMs <= leaseMs + slackMs);
  if (isStale) rule(`${resource} is ${said(after)} with a stale meter`, !isLess(safe, after));
}

/** Reductions: what is wanted happens at once but for rest and count, and what is shed stands above a limit. */
function checkDown(world: ModelWorld, turn: Turn, turns: readonly Turn[], limits: readonly KnownLimit[]): void {
  const { appliance, wish, before, planned, after } = turn;
  const told = `${appliance.resource} ${said(before)} -> ${said(after)}, wanted ${said(wish)} by ${wish.by}`;
  if (!same(planned, before)) rule(`a reduction is held back: ${told}`, !isLess(planned, after));
  if (!isLess(after, planned)) return;
  const givenUpW = (limit: KnownLimit): number =>
    sum(turns.map((one) => (one.planned.powerW - one.before.powerW) * limit.share(one.appliance)));
  const demanded = world.isStale
    ? sum(turns.map((one) => one.planned.powerW)) > (world.limitW ?? Infinity)
    : limits.some((limit) => limit.share(appliance) > 0 && excessW(world, limit) + givenUpW(limit) > -slackW);
  rule(`shed without need: ${told}`, demanded);
}

/** Increases wait for rest, count, delay and ramp. @returns whether there is room left to ask for */
function checkUp(world: ModelWorld, turn: Turn, turns: readonly Turn[]): boolean {
  const { appliance, own, wish, before, after } = turn;
  const { nowMs } = world;
  const wanted = isLess(before, wish) && !fell(turn);
  own.dueMs = wanted && !isPrompt(wish) ? (own.dueMs ?? nowMs + world.drawnMs) : null;
  const told = `${appliance.resource} ${said(before)} -> ${said(after)}, wanted ${said(wish)} by ${wish.by}`;
  const waits = [
    ...(!draws(before) && draws(wish) && nowMs - own.sinceMs < appliance.minOffS * 1000 ? ["minimum off time"] : []),
    ...(before.mode !== wish.mode && changesOf(own, nowMs).length >= mostChanges - 1 ? ["count of changes"] : []),
    ...(!isPrompt(wish) && nowMs < Math.max(own.dueMs ?? -Infinity, world.raisedUntilMs) ? ["random delay"] : []),
    ...(wish.by !== "override" && nowMs < world.rampUntilMs - slackMs ? ["ramp"] : []),
  ];
  const others = turns.filter((one) => one !== turn && rose(one) && one.after.powerW > one.before.powerW);
  const byRamp =
    wish.by !== "override" && world.rampWPerMin !== null && (others.length > 0 || nowMs < world.rampUntilMs + slackMs);
  if (rose(turn)) {
    rule(`rises although the ${waits.join(" and ")} must be kept: ${told}`, waits.length === 0);
    rule(`rises above what is wanted: ${told}`, !isLess(wish, after));
    if (wish.by !== "override" && world.rampWPerMin !== null && after.powerW > before.powerW)
      rule(`rises beside another: ${told}`, others.length === 0);
  }
  return wanted && !rose(turn) && waits.length === 0 && !byRamp;
}

/** Counts the change, six in an hour at most; only what a restart has switched on may be taken back beyond that. */
function settle(world: ModelWorld, turn: Turn): void {
  const { appliance, own, before, after } = turn;
  if (same(before, after)) return;
  const halfMs = appliance.maxOffS === null ? 0 : Math.floor(appliance.maxOffS * 500);
  const earlyMs = world.drawnMs - Math.floor(world.drawnMs / (halfMs + 1)) * (halfMs + 1);
  moveTo(own, after, world.nowMs, { byRestart: false, earlyMs: draws(after) ? 0 : earlyMs });
  if (before.mode === after.mode) return;
  const changes = changesOf(own, world.nowMs);
  const byRestart = changes.filter((change) => change.byRestart).length;
  rule(`${appliance.resource} changes ${changes.length} times in an hour`, changes.length - byRestart <= mostChanges + byRestart);
  if (rose(turn)) rule(`${appliance.resource} rises as change ${changes.length} of an hour`, changes.length < mostChanges);
}

/** With a meter that speaks: nothing stays on above a limit, and nothing rises beyond one. */
function checkLimits(world: ModelWorld, turns: readonly Turn[], limits: readonly KnownLimit[]): void {
  for (const limit of limits) {
    const overW = excessW(world, limit);
    const counted = turns.filter(({ appliance }) => limit.share(appliance) > 0);
    for (const { appliance, after } of counted)
      rule(`${appliance.resource} is on, ${overW} W above ${limit.name}`, overW <= slackW || !draws(after));
    for (const { appliance } of counted.filter(rose))
      rule(`${appliance.resource} rises beyond ${limit.name}`, freeW(world, limit) >= -slackW);
  }
}

/** Without one: what is controlled keeps to the grid operator's limit by its rated powers. */
function checkRated({ limitW }: ModelWorld, turns: readonly Turn[]): void {
  const drawnW = sum(turns.map(({ after }) => after.powerW));
  for (const { appliance, after } of turns)
    rule(
      `${appliance.resource} is on, rated ${drawnW} W under a limit of ${limitW} W`,
      drawnW <= (limitW ?? Infinity) || !draws(after),
    );
}
