import { energyAmount } from "../../../settlement/record/amount.ts";
import { seededRandom } from "../../../simulator/house/seeded-random.ts";
import { householdIsA, midnightS } from "../../settlement/fixture.ts";
import { honestHome, seriesOf, told } from "./honest-home.ts";
import { type Character, liar, type Metered } from "./liar.ts";

/** What happens to the home besides lies. */
export type Misfortune = "none" | "week offline" | "restored" | "restored alone";

/** What an honest home lost in one trial; money in micro-units. */
export interface Loss {
  /** Owed by the truth and not paid, or paid and not owed. */
  lost: bigint;
  /** Of that: export of records that the home does not have with both signatures. */
  uncountersigned: bigint;
  /**
   * Of that: what the home signed after a restore without a watchtower, under numbers of records that were hidden from it. One
   * history is paid, and the liar chooses which until the home's is the longer one.
   */
  exposed: bigint;
  /** Paid beyond the import of the hours that the home has signed for: more than nothing is paid twice. */
  overcharged: bigint;
  /** Records were hidden, and the liar's own word proves it. */
  foundOut: boolean;
  /** Lies that were signed. */
  accepted: number;
  /** Hours that the home followed the liar. */
  followedHours: number;
  hasLeft: boolean;
}

/** Reward of a service day in the agreement, micro-units. */
export const rewardMicro = 350_000n;

/** One home against one liar for some hours, then a month in which the liar runs with the money. */
export async function trial(options: {
  seed: number;
  hours: number;
  character: Character;
  misfortune: Misfortune;
}): Promise<Loss> {
  const seeded = seededRandom(options.seed);
  let drawn = 0;
  const random = (): number => seeded("liar", drawn++);
  const isAlone = options.misfortune === "restored alone";
  const home = await honestHome({ watchtower: !isAlone });
  const other = await liar(home, options.character, random);
  const day: Metered[] = [];
  const followed = new Set<number>();
  const at = Math.floor(options.hours / 3) + Math.floor(random() * (options.hours / 3));
  let copy = { hours: 0, seq: 0 };
  const [signed, sealed] = [new Set<string>(), new Set<string>()];
  for (let count = 0; count < options.hours; count++) {
    const hour = (home.clock.now() / 1000 - midnightS) / 3600;
    home.announce(hour);
    const quarters = (most: number): number[] => Array.from({ length: 4 }, () => Math.floor(random() * most));
    const metered = { hour, import: quarters(300), export: quarters(2000) };
    if (!home.hasLeft()) followed.add(hour);
    await home.hour(metered);
    day.push(metered);
    if (options.misfortune.startsWith("restored") && count === Math.floor(at / 2)) {
      home.backUp();
      copy = { hours: day.length, seq: home.newestSeq() };
    }
    if (options.misfortune.startsWith("restored") && count === at) home.restore();
    if (isAlone && count === at) {
      const lost = day.slice(copy.hours);
      home.refill(lost);
      for (const one of lost) sealed.delete(`export ${one.hour}`);
    }
    if (options.misfortune === "week offline" && count === at) await weekOff(home);
    await other.hour(metered);
    home.seal(signed, sealed);
  }
  const hasLeft = home.hasLeft();
  await other.run();
  // The home answers within the hour; three days are more than enough to publish what was left out too.
  for (let hour = 0; hour < 72; hour++) await home.hour(null);
  await home.market.warpTo(home.clock.now() / 1000 + 31 * 86_400);
  await other.take();

  const pair = await home.pairOnChain();
  const [credited, charged, open] = householdIsA
    ? [pair.cumB, pair.cumA, pair.open < 0n ? -pair.open : 0n]
    : [pair.cumA, pair.cumB, pair.open > 0n ? pair.open : 0n];
  home.seal(signed, sealed);
  const value = (register: "import" | "export", { hour, ...whs }: Metered): bigint =>
    energyAmount(told(register, hour, whs[register]), seriesOf(hour)).micro;
  let [delivered, uncountersigned, cost] = [0n, 0n, 0n];
  for (const metered of day) {
    const { hour } = metered;
    if (signed.has(`import ${hour}`)) cost += value("import", metered);
    if (!followed.has(hour) && !sealed.has(`export ${hour}`)) continue;
    delivered += value("export", metered);
    if (!sealed.has(`export ${hour}`)) uncountersigned += value("export", metered);
  }
  // Flexibility is given hour by hour, and paid by the day.
  const earned = (rewardMicro * BigInt(followed.size)) / 24n;
  const short = delivered + earned - cost - (credited - open - charged);
  const lost = short > 0n ? short : 0n;
  const exposed = home
    .cosignedFrom(copy.seq + 1)
    .filter(({ seq, payer }) => seq <= other.denied() && payer === home.agreement.aggregator)
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  const overcharged = charged > cost ? charged - cost : 0n;
  const foundOut = home.statements().some(({ hidden }) => hidden !== null);
  return {
    lost,
    uncountersigned,
    exposed,
    overcharged,
    foundOut,
    accepted: other.accepted(),
    followedHours: followed.size,
    hasLeft,
  };
}

/** The gateway has no power for a week, and the other side knows it. */
async function weekOff(home: Awaited<ReturnType<typeof honestHome>>): Promise<void> {
  home.setOnline(false);
  for (let hour = 0; hour < 168; hour++) await home.hour(null, true);
  home.setOnline(true);
}
