import { expect, it } from "vitest";
import { formatMicro } from "../../../core/units.ts";
import { signerOf, signRecord } from "../../../settlement/record/record.ts";
import { energyAmount } from "../../../settlement/record/amount.ts";
import { seededRandom } from "../../../simulator/house/seeded-random.ts";
import { disputeOf, domain, openDesk, proposed, reported, signedBy, site } from "../../aggregator/settle/home-double.ts";
import {
  addressOf,
  exampleEvidence,
  exampleSeries,
  household,
  householdIsA,
  keyOf,
  midnightS,
} from "../../settlement/fixture.ts";

const trials = Number(process.env["LIARS_TRIALS"] ?? 1);
const seed = Number(process.env["LIARS_SEED"] ?? 7);
const hours = 24;
const hourMs = 3_600_000;

/** A home that imports, and lies to the real proposer of the aggregator; in micro-units. */
async function lyingHome(seeded: ReturnType<typeof seededRandom>) {
  let drawn = 0;
  const random = (): number => seeded("home", drawn++);
  const desk = await openDesk();
  const costs: bigint[] = [];
  let isDisputed = false;
  for (let hour = 0; hour < hours; hour++) {
    const whs = Array.from({ length: 4 }, () => 1 + Math.floor(random() * 3000));
    await desk.clock.advance(hourMs);
    await reported(desk.store, hour * 4, whs);
    await desk.proposer.advance(site);
    costs.push(energyAmount(exampleEvidence("import", whs, hour * 3600), exampleSeries()).micro);
    const record = proposed(desk.down);
    const lies = [
      () => signedBy(keyOf("stranger"), record),
      () => signedBy(household.cold, record),
      async () => ({ ...(await signedBy(household.signer, record)), digest: `0x${"9".repeat(64)}` }),
      async () => ({
        ...(await signedBy(household.signer, record)),
        signature: await signRecord(household.signer, { ...domain, chainId: 1 }, record),
      }),
      async () => ({
        ...(await signedBy(household.signer, record)),
        signature: await signRecord(household.signer, domain, { ...record, amount: "1" }),
      }),
      async () => ({ ...(await signedBy(household.signer, record)), seq: record.seq + 1 }),
      async () => disputeOf({ ...record, salt: `0x${"1".repeat(64)}` }, "settlement-energy-differs"),
    ];
    const lie = lies[Math.floor(random() * lies.length)];
    if (lie && random() < 0.5) await desk.proposer.answer(site, await lie());
    isDisputed ||= random() < 0.02;
    const isHonest = !isDisputed && random() < 0.9;
    if (isHonest) await desk.proposer.answer(site, await signedBy(household.signer, record));
    else if (isDisputed) await desk.proposer.answer(site, disputeOf(record, "settlement-energy-differs"));
  }
  const cosigned = (await desk.store.records(null, 99)).filter(({ state }) => state === "cosigned");
  const newest = cosigned.at(-1)?.record;
  const owed = BigInt((householdIsA ? newest?.cumA : newest?.cumB) ?? "0");
  const sealedHours = newest ? (Date.parse(newest.end) / 1000 - midnightS) / 3600 : 0;
  const unsigned = costs.slice(sealedHours).reduce((sum, cost) => sum + cost, 0n);
  const used = costs.reduce((sum, cost) => sum + cost, 0n);
  const signers = cosigned.map(({ record, gatewaySignature }) => signerOf(domain, record, gatewaySignature ?? ""));
  return { used, owed, unsigned, signers };
}

it(
  "an aggregator has both signatures for all that a lying home was given, but for what it has not signed yet",
  { timeout: 60_000 * trials },
  async () => {
    let most = 0n;
    for (let count = 0; count < trials; count++) {
      const { used, owed, unsigned, signers } = await lyingHome(seededRandom(seed + count));
      expect(used - owed).toBe(unsigned);
      expect(new Set(signers)).toEqual(new Set([addressOf(household.signer)]));
      if (unsigned > most) most = unsigned;
    }
    console.log(`liars, home: ${trials} trials of ${hours} h, most supplied and not signed for ${formatMicro(most)} EUR`);
  },
);
