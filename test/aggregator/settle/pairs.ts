import type { StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import type { Agreement } from "../../../settlement/record/agreement.ts";
import { recordDigest, signRecord } from "../../../settlement/record/record.ts";
import { signPossession } from "../../../settlement/record/typed-calls.ts";
import {
  addressOf,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  keyOf,
} from "../../settlement/fixture.ts";
import { chainRoom } from "./chain-room.ts";

/** A chain room with many homes, each with one co-signed record; all but the first have money in escrow. */
export async function settlePairsOf(count: number) {
  const room = await chainRoom({ settleMs: null });
  const { market, store, agreements } = room;
  const homes = Array.from({ length: count }, (_, index) => {
    const [cold, signer] = [keyOf(`home ${index} owner`), keyOf(`home ${index} signer`)];
    return { site: `home-${String(index).padStart(3, "0")}`, owner: addressOf(cold), signer };
  });
  agreements.clear();
  const pairs: { home: (typeof homes)[number]; agreement: Agreement; ownerIsA: boolean }[] = [];
  for (const home of homes) {
    await market.registrar.register(
      home.owner,
      addressOf(home.signer),
      await signPossession(home.signer, market.domain, home.owner),
    );
    const ownerIsA = home.owner < aggregator.owner;
    const [a, b] = ownerIsA ? [home.owner, aggregator.owner] : [aggregator.owner, home.owner];
    const signers = [addressOf(home.signer), addressOf(aggregator.signer)];
    const [signerA, signerB] = ownerIsA ? signers : signers.toReversed();
    const agreement = exampleAgreement(market.domain, { a, b, signerA: signerA ?? "", signerB: signerB ?? "", site: home.site });
    agreements.set(home.site, agreement);
    pairs.push({ home, agreement, ownerIsA });
  }
  await market.funder.depositMany(
    pairs.slice(1).map(({ agreement: { a, b }, ownerIsA }) => ({ a, b, side: ownerIsA ? "a" : "b", amount: 10n ** 7n }) as const),
  );
  for (const { home, agreement } of pairs) {
    const record = exampleRecord(market.domain, { agreement });
    const stored: StoredRecord = {
      site: home.site,
      record,
      digest: recordDigest(market.domain, record),
      evidence: exampleEvidence("import", [151, 0, 87, 1203]),
      prices: exampleSeries(),
      state: "cosigned",
      gatewaySignature: await signRecord(home.signer, market.domain, record),
      ownSignature: await signRecord(aggregator.signer, market.domain, record),
      epoch: null,
    };
    await store.addRecord(stored, { kind: "import", nextMs: 1 });
  }
  await room.toTheDayAfter();
  return { room, sites: homes.map(({ site }) => site) };
}
