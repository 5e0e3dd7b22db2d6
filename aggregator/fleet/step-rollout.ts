import type { GatewayConfig, Rollout, RolloutSite, RolloutSiteState } from "../store/fleet-store.ts";

/** What is to be done about a roll-out now. */
export interface RolloutStep {
  /** What has become of gateways. */
  ended: { site: string; state: Exclude<RolloutSiteState, "waiting" | "sent">; code: string | null; message: string | null }[];
  /** Gateways that shall have it now. */
  send: string[];
  /** A change of the roll-out itself: on to the next stage, over, or stopped. */
  change: { stage: number } | { state: "done" } | { state: "aborted"; reason: string } | null;
}

const bad: ReadonlySet<RolloutSiteState> = new Set(["reverted", "refused", "silent"]);
const isOpen = (state: RolloutSiteState): boolean => state === "waiting" || state === "sent";

/**
 * Looks at a stage: gateways that kept what was sent, went back, refused or are silent; stops where there are too many that did
 * not keep it, and goes on when all of the stage have ended.
 * @param gateways what they said last
 */
export function stepRollout(
  rollout: Pick<Rollout, "revision" | "rules" | "state" | "stage">,
  sites: readonly RolloutSite[],
  gateways: ReadonlyMap<string, Pick<GatewayConfig, "report">>,
  nowMs: number,
): RolloutStep {
  const { rules, stage } = rollout;
  const ended = sites.flatMap((one) => endOf(rollout, one, gateways.get(one.site), nowMs));
  const endedAs = new Map(ended.map(({ site, state }) => [site, state]));
  const now = sites
    .filter((one) => one.stage === stage)
    .map((one) => ({ ...one, state: endedAs.get(one.site) ?? one.state, wasWaiting: one.state === "waiting" }));
  const fallen = now.filter(({ state }) => bad.has(state));
  if (now.length > 0 && (100 * fallen.length) / now.length > rules.mostBad) {
    const counts = Map.groupBy(fallen, ({ state }) => state);
    const what = [...counts].map(([state, all]) => `${all.length} ${state}`).join(", ");
    const reason = `stage ${stage + 1}: of ${now.length} gateways ${what}; at most ${rules.mostBad} % may`;
    return { ended, send: [], change: { state: "aborted", reason } };
  }
  if (rollout.state === "paused") return { ended, send: [], change: null };
  if (now.some(({ state }) => isOpen(state)))
    return { ended, send: now.filter(({ state }) => state === "waiting").map(({ site }) => site), change: null };
  const isLast = !sites.some((one) => one.stage > stage);
  return { ended, send: [], change: isLast ? { state: "done" } : { stage: stage + 1 } };
}

function endOf(
  { revision, rules }: Pick<Rollout, "revision" | "rules">,
  { site, state, sentMs }: RolloutSite,
  gateway: Pick<GatewayConfig, "report"> | undefined,
  nowMs: number,
): RolloutStep["ended"] {
  if (state !== "sent" || sentMs === null) return [];
  const { report = null } = gateway ?? {};
  if (report?.failed?.revision === revision) {
    const { how, code, message } = report.failed;
    return [{ site, state: how, code, message }];
  }
  if (report?.revision === revision && report.state === "kept") return [{ site, state: "kept", code: null, message: null }];
  const waitedMs = nowMs - sentMs;
  if (waitedMs < (rules.trialS + rules.silentS) * 1000) return [];
  return [{ site, state: "silent", code: null, message: `nothing was heard of it for ${Math.round(waitedMs / 1000)} s` }];
}

/**
 * Which gateway has it in which stage, counted from 0. The order is one by chance, the same for each revision, so that a canary
 * is no matter of the alphabet; each stage has at least one gateway more than the one before, as far as there are some.
 * @param shares percent of all that have it after each stage, rising
 * @param rank a number of a name, by chance
 */
export function stagesOf(
  sites: readonly string[],
  shares: readonly number[],
  rank: (site: string) => number,
): { site: string; stage: number }[] {
  const order = sites.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  const ends: number[] = [];
  for (const share of shares) ends.push(Math.max((ends.at(-1) ?? 0) + 1, Math.floor((order.length * share) / 100)));
  return order.flatMap((site, index) => {
    const stage = ends.findIndex((end) => index < end);
    return stage < 0 ? [] : [{ site, stage }];
  });
}
