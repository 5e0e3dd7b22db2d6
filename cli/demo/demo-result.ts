import type { SettlementCheck } from "./check-settlements.ts";
import type { PartResult } from "./demo-part.ts";

/** What `--json` prints: counted from what really happened. */
export interface DemoCounts {
  homes: number;
  /** Rows that the homes made of their meters and relays, and those that the aggregator holds and has receipted. */
  readings: number;
  readingsDelivered: number;
  /** Times that an appliance was switched. */
  commands: number;
  settlementsOnChain: number;
  settlementsVerified: number;
  tamperedRejected: boolean;
  constraintsMet: boolean;
  seconds: number;
}

/** How the demo ended. */
export interface DemoResult {
  counts: DemoCounts;
  /** Whether everything promised happened. */
  kept: boolean;
  /** What did not, in words. */
  missed: string[];
  settlements: SettlementCheck;
  parts: readonly PartResult[];
}

/** Judges a day. @param expectedRecords the fewest records that the service periods of the day must have given */
export function judge(
  counts: DemoCounts,
  given: {
    settlements: SettlementCheck;
    disputed: number;
    expectedRecords: number;
    unmet: string[];
    parts: readonly PartResult[];
  },
): DemoResult {
  const missed: string[] = [];
  const promise = (kept: boolean, otherwise: string): void => void (kept || missed.push(otherwise));
  promise(counts.readings > 0, "no reading was made");
  promise(
    counts.readingsDelivered === counts.readings,
    `${counts.readings - counts.readingsDelivered} readings were not delivered`,
  );
  promise(counts.commands > 0, "no appliance was switched");
  promise(
    counts.settlementsOnChain >= given.expectedRecords,
    `${counts.settlementsOnChain} settlements on chain, at least ${given.expectedRecords} were due`,
  );
  promise(
    counts.settlementsVerified === counts.settlementsOnChain,
    `not verified: ${given.settlements.problems.slice(0, 3).join(" | ")}`,
  );
  promise(given.disputed === 0, `${given.disputed} settlements are disputed`);
  promise(counts.tamperedRejected, "a tampered settlement was not refused");
  promise(counts.constraintsMet, `not met: ${given.unmet.join("; ")}`);
  missed.push(...given.parts.flatMap((part) => part.missed));
  return { counts, kept: missed.length === 0, missed, settlements: given.settlements, parts: given.parts };
}

/** What `--json` prints. */
export function countsOf({ counts, parts }: DemoResult): Record<string, number | boolean> {
  const { seconds, ...first } = counts;
  return Object.assign({ ...first }, ...parts.map((part) => part.counts), { seconds }) as Record<string, number | boolean>;
}

/** The end of the demo in words. */
export function summarise({ counts, kept, missed, settlements, parts }: DemoResult): string[] {
  const tick = (good: boolean): string => (good ? "✓" : "✗");
  return [
    "",
    `${tick(counts.readingsDelivered === counts.readings)} ${counts.readings} readings made, ${counts.readingsDelivered} delivered and receipted`,
    `${tick(counts.commands > 0)} ${counts.commands} switchings of appliances`,
    `${tick(counts.constraintsMet)} wishes of the people ${counts.constraintsMet ? "met: car full, water hot, rooms warm" : "NOT met"}`,
    `${tick(counts.settlementsVerified === counts.settlementsOnChain)} ${counts.settlementsOnChain} settlements signed by both sides and anchored on chain, ${counts.settlementsVerified} verified`,
    `${tick(counts.tamperedRejected)} tampered copy of ${settlements.example ? `${settlements.example.site}/${settlements.example.seq} refused: ${settlements.example.refusedBy}` : "a settlement NOT refused"}`,
    ...parts.flatMap((part) => part.says.map((line) => `${tick(part.missed.length === 0)} ${line}`)),
    ...missed.map((line) => `✗ ${line}`),
    `${kept ? "everything promised happened" : "something promised did not happen"}, ${counts.seconds} s`,
  ];
}
