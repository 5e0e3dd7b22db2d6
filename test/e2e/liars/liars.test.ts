import { expect, it } from "vitest";
import { formatMicro } from "../../../core/units.ts";
import type { Character } from "./liar.ts";
import { type Loss, type Misfortune, rewardMicro, trial } from "./trial.ts";

/** `npm run test:liars` plays many; npm test one of each, over fewer hours. */
const trials = Number(process.env["LIARS_TRIALS"] ?? 1);
const hours = Number(process.env["LIARS_HOURS"] ?? 26);
const seed = Number(process.env["LIARS_SEED"] ?? 7);

const sly: Character = {
  lies: 0.3,
  falseMeter: false,
  kinds: [],
  withholds: 0.02,
  refuses: 0.005,
  omits: 0.3,
  withdraws: 0.05,
  settlesOld: 0.05,
};

const suites: [name: string, character: Character, misfortune: Misfortune][] = [
  ["aggregator", sly, "none"],
  ["grid operator", { ...sly, kinds: ["fee", "correction"], withdraws: 0.1 }, "none"],
  ["exchange", { ...sly, kinds: ["trade"], settlesOld: 0.2 }, "none"],
  ["metering against the home's own data", { ...sly, lies: 0, withholds: 0, refuses: 0, falseMeter: true }, "none"],
  ["aggregator and metering together", { ...sly, falseMeter: true, withdraws: 0.2 }, "none"],
  ["a week offline", { ...sly, withdraws: 0.2 }, "week offline"],
  ["restored from an old backup", sly, "restored"],
  ["restored without a watchtower", { ...sly, withholds: 0, refuses: 0, hides: true }, "restored alone"],
];

it.each(suites)(
  "a home loses to %s no more than two days' flexibility and export that is not countersigned",
  { timeout: 60_000 * trials },
  async (name, character, misfortune) => {
    const suite = suites.findIndex(([one]) => one === name);
    const losses: Loss[] = [];
    for (let count = 0; count < trials; count++)
      losses.push(await trial({ seed: seed + 1000 * suite + count, hours, character, misfortune }));
    const most = (of: (loss: Loss) => bigint): bigint => losses.map(of).reduce((one, other) => (one > other ? one : other), 0n);
    const beyond = ({ lost, uncountersigned, exposed }: Loss): bigint => lost - uncountersigned - exposed;
    console.log(
      `liars, ${name}: ${trials} trials of ${hours} h, an honest home lost at most ${formatMicro(most(({ lost }) => lost))} EUR; ` +
        `beyond export not countersigned at most ${formatMicro(most(beyond))} EUR, ` +
        `limit ${formatMicro(2n * rewardMicro)} EUR (two days' flexibility); ` +
        `signed under numbers that were hidden ${formatMicro(most(({ exposed }) => exposed))} EUR; ` +
        `import paid twice ${formatMicro(most(({ overcharged }) => overcharged))} EUR; ` +
        `found out in ${losses.filter(({ foundOut }) => foundOut).length} trials; ` +
        `lies signed ${losses.reduce((sum, { accepted }) => sum + accepted, 0)}; ` +
        `the home left in ${losses.filter(({ hasLeft }) => hasLeft).length} trials`,
    );
    expect(losses.map(({ overcharged }) => overcharged)).toEqual(losses.map(() => 0n));
    expect(losses.map(({ accepted }) => accepted)).toEqual(losses.map(() => 0));
    expect(most(beyond)).toBeLessThanOrEqual(2n * rewardMicro);
  },
);
