import { limitMoney, monolithBound } from "../../planner/community/community-bound.ts";
import type { CommunityResult } from "../../planner/community/community-result.ts";
import { coordinate, type Community } from "../../planner/community/coordinate.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { Answer } from "../../planner/community/party.ts";
import { loadSolver } from "../../planner/exact/solve-milp.ts";
import { homeOf } from "../../planner/home-of.ts";
import { atLeast, atMost, rounded, type Claim } from "../report.ts";
import { heldBytes } from "./held-bytes.ts";
import { HomeThreads } from "./home-threads.ts";
import { neighbour, neighbourhoodData } from "./neighbourhood.ts";

/** What a part of the bench is asked for, and what it brings. */
export interface PartOptions {
  /** How many homes: a row of the table each. */
  homes: number[];
  threads: number;
  limitKwPerHome: number;
  /** Below a whole process. */
  database: "sqlite" | "postgres";
}
export interface Part {
  rows: Record<string, string | number>[];
  claims: Claim[];
}

const slots = 96;
const progress = (words: string): void => void process.stderr.write(`${words}\n`);
/** Above this many homes one program of all of them takes too long. */
const mostInOneProgram = 100;
/** Above this many only some homes are bounded, and nobody is planned alone for comparison. */
const mostInFull = 1000;
const mib = 1024 * 1024;

interface Run {
  homes: number;
  result: CommunityResult<HomePlan>;
  seconds: number;
  cpuSeconds: number;
  again: CommunityResult<HomePlan>;
  againSeconds: number;
  againCpuSeconds: number;
  bound: number;
  /** Of so many homes, and extrapolated to all. */
  bounded: number;
  gap: number;
  peakKw: number;
  limitKw: number;
  /** For comparison; not made for very many homes. */
  compared: Comparison | null;
  mibPerHome: number;
}

interface Comparison {
  aloneKw: number;
  aloneMoney: number;
  /** What wishes miss under the limit, above what they miss alone, Wh a home. */
  missedWhPerHome: number;
  uncontrolledKw: number;
}

/** Plans a neighbourhood under one feeder, and proves how good that is. */
async function run(count: number, { threads, limitKwPerHome }: PartOptions): Promise<Run> {
  const emptyBytes = heldBytes();
  await using pool = await HomeThreads.start(count, threads);
  const limitWh = new Float64Array(slots).fill(count * limitKwPerHome * 250);
  const none = new Float64Array(slots).fill(Infinity);
  const scales = await pool.each(
    (parties) => ({ kind: "scale", parties }),
    (done) => done.figures,
  );
  const community: Community<HomePlan> = {
    hours: new Float64Array(slots).fill(0.25),
    parties: Array.from({ length: count }, (_, index) => ({ name: `home ${index + 1}`, curtailedBeforeWh: 0 })),
    feeders: [{ name: "feeder", importLimitWh: limitWh, exportLimitWh: none, members: scales.map((_, index) => index) }],
    scale: scales.reduce((sum, scale) => sum + scale, 0) / count,
    seed: 1,
    keepWithin: 0.01,
  };
  const timed = async (one: Community<HomePlan>): Promise<[CommunityResult<HomePlan>, seconds: number, cpuSeconds: number]> => {
    const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
    const result = await pool.coordinate(coordinate(one, { nowMs: () => performance.now(), untilMs: Infinity }));
    const { user, system } = process.cpuUsage(cpu);
    return [result, (performance.now() - beganMs) / 1000, (user + system) / 1e6];
  };
  const [result, seconds, cpuSeconds] = await timed(community);
  const mibPerHome = (heldBytes() - emptyBytes + (await pool.heldBytes())) / mib / count;
  progress(
    `${count} homes: coordinated in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time, ${mibPerHome.toFixed(3)} MiB held per home`,
  );
  const start = { prices: result.prices, plans: result.answers.map(({ plan }) => plan) };
  progress(`${count} homes: peak ${peakKw(result.answers.map(({ netWh }) => netWh)).toFixed(1)} kW, ${result.status}`);
  const [again, againSeconds, againCpuSeconds] = await timed({ ...community, seed: 2, start });
  const compared = count > mostInFull ? null : await comparison();
  const step = Math.ceil(count / mostInFull);
  const price = result.prices[0] ?? new Float64Array(slots);
  const bounds = await pool.each(
    (parties) => ({ kind: "bound", parties, price }),
    (done) => done.figures,
    (party) => party % step === 0,
  );
  const bounded = Math.ceil(count / step);
  // What the homes pay above their bounds at these prices, and what is priced of the limit and not used: together all that
  // the plan may cost too much.
  const above = result.answers.reduce(
    (sum, answer, party) => (party % step === 0 ? sum + priced(answer, price) - (bounds[party] ?? 0) : sum),
    0,
  );
  const unused =
    limitMoney(community.feeders, result.prices) -
    result.answers.reduce((sum, answer) => sum + priced(answer, price) - answer.money, 0);
  let bound = result.money - (above * count) / bounded - unused;
  if (count <= mostInOneProgram) {
    const data = neighbourhoodData();
    const homes = Array.from({ length: count }, (_, index) => homeOf(neighbour(data, index)));
    bound = Math.max(bound, monolithBound(await loadSolver(), homes, community.feeders));
  }
  return {
    homes: count,
    result,
    seconds,
    cpuSeconds,
    again,
    againSeconds,
    againCpuSeconds,
    bound,
    bounded,
    gap: (result.money - bound) / Math.abs(bound),
    peakKw: peakKw(result.answers.map(({ netWh }) => netWh)),
    limitKw: count * limitKwPerHome,
    compared,
    mibPerHome,
  };

  async function comparison(): Promise<Comparison> {
    const [alone] = await timed({ ...community, feeders: [] });
    const uncontrolled = await pool.each(
      (parties) => ({ kind: "uncontrolled", parties }),
      (done) => done.nets,
    );
    return {
      aloneKw: peakKw(alone.answers.map(({ netWh }) => netWh)),
      aloneMoney: alone.money,
      missedWhPerHome: (missedWh(result) - missedWh(alone)) / count,
      uncontrolledKw: peakKw(uncontrolled),
    };
  }
}

/** What an answer costs with a price on top of its own. */
const priced = ({ money, netWh }: Answer<HomePlan>, price: Float64Array): number =>
  netWh.reduce((sum, wh, slot) => sum + wh * (price[slot] ?? 0), money);

const missedWh = ({ answers }: CommunityResult<HomePlan>): number => answers.reduce((sum, answer) => sum + answer.missedWh, 0);

/** The highest mean power of all homes together in a slot, summed up anew from the plans. */
function peakKw(nets: readonly Float64Array[]): number {
  let peak = -Infinity;
  for (let slot = 0; slot < slots; slot += 1)
    peak = Math.max(
      peak,
      nets.reduce((sum, net) => sum + (net[slot] ?? 0), 0),
    );
  return (peak / 1000) * 4;
}

/** The optimise part: communities of several sizes under one feeder each. */
export async function optimise(options: PartOptions): Promise<Part> {
  const runs: Run[] = [];
  for (const count of options.homes) runs.push(await run(count, options));
  const rows = runs.map((one) => ({
    homes: one.homes,
    cost: rounded4(one.result.money),
    bound: rounded4(one.bound),
    "gap %": rounded(one.gap * 100),
    "limit kW": one.limitKw,
    "peak kW": rounded4(one.peakKw),
    "over, Wh": one.result.overloadWh,
    "homes bounded": one.bounded,
    "wishes cut, Wh per home": one.compared ? rounded(one.compared.missedWhPerHome) : "",
    "alone: cost": one.compared ? rounded4(one.compared.aloneMoney) : "",
    "alone: peak kW": one.compared ? rounded4(one.compared.aloneKw) : "",
    "no plan: peak kW": one.compared ? rounded4(one.compared.uncontrolledKw) : "",
    seconds: rounded(one.seconds),
    "ms per home": rounded((one.seconds / one.homes) * 1000),
    "cpu ms per home": rounded((one.cpuSeconds / one.homes) * 1000),
    "again: seconds": rounded(one.againSeconds),
    "again: cpu ms per home": rounded((one.againCpuSeconds / one.homes) * 1000),
    "again: changed": one.again.answers.filter(({ plan }, index) => plan !== one.result.answers[index]?.plan).length,
    "MiB held per home": rounded(one.mibPerHome),
    "MiB, process at most": Math.round(process.resourceUsage().maxRSS / 1024),
  }));
  return { rows, claims: claimsOf(runs, options.threads) };
}

const rounded4 = (value: number): number => Number(value.toPrecision(6));

/** Above a thousand homes it must be done within one interval of prices. */
const mostSeconds = (homes: number): number => (homes <= 1000 ? 60 : 600);

function claimsOf(runs: readonly Run[], threads: number): Claim[] {
  const claims = runs.flatMap((one): Claim[] => {
    const of = `${one.homes} homes: `;
    return [
      // A plan below its bound would prove the bound wrong.
      atLeast(`${of}gap, not below nothing, %`, one.gap * 100, -1e-4),
      atMost(`${of}cost above the proven bound, %`, one.gap * 100, 1),
      atMost(`${of}peak above the limit, kW`, Math.max(0, one.peakKw - one.limitKw), 1e-5),
      atMost(`${of}homes curtailed`, one.result.curtailed.length, 0),
      ...comparedClaims(of, one),
      atMost(`${of}MiB held per home`, one.mibPerHome, 0.5),
      atMost(`${of}seconds`, one.seconds, mostSeconds(one.homes)),
      // The same on cores that nobody else uses.
      atMost(`${of}processor seconds of all threads / threads`, one.cpuSeconds / threads, mostSeconds(one.homes)),
    ];
  });
  // A larger community than the one before it takes no more than its share of the time.
  const [least, most] = [runs[0], runs.at(-1)];
  if (least && most && most.homes > least.homes)
    claims.push(
      atMost(
        `processor time per home, ${most.homes} / ${least.homes} homes`,
        most.cpuSeconds / most.homes / (least.cpuSeconds / least.homes),
        1.1,
      ),
    );
  return claims;
}

function comparedClaims(of: string, { compared, peakKw: together }: Run): Claim[] {
  if (!compared) return [];
  return [
    // Wishes are met to within what a plan is rounded to: some Wh of heat, alone as together.
    atMost(`${of}wishes missed above those of homes alone, Wh per home`, compared.missedWhPerHome, 1),
    atLeast(`${of}peak of homes alone / without plan`, compared.aloneKw / compared.uncontrolledKw, 1),
    atMost(`${of}peak together / peak without plan: they do not herd`, together / compared.uncontrolledKw, 1),
  ];
}
