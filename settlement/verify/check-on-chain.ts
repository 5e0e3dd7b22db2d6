import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { plainText } from "../../core/plain-text.ts";
import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { Bundle } from "./bundle.ts";
import type { ChainReader, CommitState, KeyState, PartyState } from "../chain/chain-reader.ts";
import { verifyInclusion } from "../log/epoch.ts";
import { orderSigner } from "../record/order-signature.ts";
import { signerOf } from "../record/record.ts";
import { pricesHash } from "../record/reference-hash.ts";
import { bad, good, type Outcome, unknown } from "./verdict.ts";

/*
 * What only the chain knows of a bundle. Without a chain (null) and where it does not answer it is unknown; what the bundle
 * itself makes throw speaks against the bundle.
 */

/** Both signatures are by keys that counted for this record; so is that under the order of a trade. */
export async function checkSignatures(bundle: Bundle, chain: ChainReader | null): Promise<Outcome> {
  const sides = signedBy(bundle);
  const asked = chain
    ? await ask(() =>
        Promise.all(
          sides.map(async ({ owner, signer }) => ({ party: await chain.partyOf(owner), key: await chain.keyOf(signer) })),
        ),
      )
    : { silence: "offline" };
  if ("silence" in asked) {
    const foreign = sides.find(({ signer, stated }) => signer !== stated);
    return foreign
      ? bad(`signed for ${foreign.owner} by ${foreign.signer}, the agreement names ${foreign.stated}`)
      : good(`both by the keys in the agreement; the registry was not asked (${asked.silence})`);
  }
  const outcomes = sides.map((side, index) => checkKey(side.during, side, asked.answer[index]));
  return (
    outcomes.find(({ verdict }) => verdict === "bad") ??
    outcomes.find(({ verdict }) => verdict === "unknown") ??
    good("both by registered keys")
  );
}

interface Side {
  owner: string;
  /** The key that the agreement names, and the one that signed. */
  stated: string;
  signer: string;
  /** When the key had to count. */
  during: { start: string; end: string };
}

function signedBy({ record, chainId, contract, agreement: { agreement }, signatureA, signatureB, evidence }: Bundle): Side[] {
  const domain = { chainId, contract };
  const sides = [
    { owner: record.a, stated: agreement.signerA, signer: signerOf(domain, record, signatureA), during: record },
    { owner: record.b, stated: agreement.signerB, signer: signerOf(domain, record, signatureB), during: record },
  ];
  if (!evidence.trade) return sides;
  const { trade, own } = evidence.trade;
  const owner = own.order.participant;
  const stated = sides.find((side) => side.owner === owner)?.stated ?? "";
  const during = { start: trade.clearedAt, end: trade.clearedAt };
  return [...sides, { owner, stated, signer: orderSigner(domain, own.order, own.signature), during }];
}

/** By the owner's own key, or one that was its signer when the service period ended. */
function checkKey(
  { start, end }: Side["during"],
  { owner, signer }: { owner: string; signer: string },
  known: { party: PartyState; key: KeyState | undefined } | undefined,
): Outcome {
  const { party, key } = known ?? {};
  const [startS, endS] = [Date.parse(start) / 1000, Date.parse(end) / 1000];
  if (!party || party.until === 0) return bad(`${owner} is not registered`);
  if (startS < party.since || endS > party.until) return bad(`${owner} was not registered for the whole service period`);
  if (signer === owner) return good("by the owner");
  if (key?.owner !== owner) return bad(`signed for ${owner} by ${signer}, which is none of its keys`);
  const over = instant(key.until);
  if (endS > key.until) return bad(`signed for ${owner} by ${signer}, whose time was over at ${over}`);
  return key.revoked ? unknown(`${signer} was revoked at ${over}; a thief could have signed later`) : good("by a signer");
}

/** The last that can be written as a date; a node may say anything. */
const lastInstantS = 8.64e12;
const instant = (seconds: number): string => iso(Math.min(seconds, lastInstantS) * 1000);

/** Prices that were bound before anybody used energy cannot have been chosen afterwards. */
export async function checkPricesCommitted(
  { record, prices, pricesInclusion }: Bundle,
  chain: ChainReader | null,
): Promise<Outcome> {
  if (!prices) return good("the record needs no price series");
  if (!pricesInclusion) return unknown("no epoch is named that bound the price series before the service period");
  const hash = pricesHash(prices);
  if (!verifyInclusion(pricesInclusion.root, hash, pricesInclusion.proof))
    return bad(`the proof does not lead from the price series to root ${pricesInclusion.root}`);
  const found = await commitmentOf(pricesInclusion, record, chain);
  if (!("time" in found)) return found;
  return found.time * 1000 <= Date.parse(record.start)
    ? good(`committed at ${instant(found.time)}, before the service period`)
    : bad(`committed at ${instant(found.time)}, after the service period had begun`);
}

/** A party of the record committed that root. */
export async function checkRoot({ inclusion, record }: Bundle, chain: ChainReader | null): Promise<Outcome> {
  if (!inclusion) return unknown("no root to look for");
  const found = await commitmentOf(inclusion, record, chain);
  return "time" in found ? good(`committed as epoch ${inclusion.epoch} at ${instant(found.time)}`) : found;
}

/** The commitment that a bundle names, as the chain has it; what speaks against it, or why it could not be seen. */
async function commitmentOf(
  { by, epoch, root, count }: EpochInclusion,
  record: Bundle["record"],
  chain: ChainReader | null,
): Promise<CommitState | Outcome> {
  if (by !== record.a && by !== record.b) return bad(`${by} is not a party of the record`);
  if (!chain) return unknown("offline");
  const asked = await ask<CommitState | undefined>(() => chain.readCommit(by, epoch));
  if ("silence" in asked) return unknown(asked.silence);
  if (!asked.answer) return bad(`${by} has committed no epoch ${epoch}`);
  if (asked.answer.root !== root || asked.answer.count !== count)
    return bad(`epoch ${epoch} of ${by} is ${asked.answer.count} records under root ${asked.answer.root}`);
  return asked.answer;
}

/** The pair was settled with this record or a later one. */
export async function checkSettled({ record, digest }: Bundle, chain: ChainReader | null): Promise<Outcome> {
  if (!chain) return unknown("offline");
  const asked = await ask(() => chain.pairOf(record.a, record.b));
  if ("silence" in asked) return unknown(asked.silence);
  const pair = asked.answer;
  if (pair.seq < record.seq) return unknown(`not yet: the newest settled record is ${pair.seq}, this is ${record.seq}`);
  if (pair.seq === record.seq && pair.head !== digest) return bad(`settled as record ${pair.seq} was ${pair.head}`);
  if (pair.cumA < BigInt(record.cumA) || pair.cumB < BigInt(record.cumB))
    return bad("totals settled later are lower than in this record");
  return good(pair.seq === record.seq ? "settled" : `settled with record ${pair.seq}`);
}

/** Asks the chain; the reason where it has no answer. */
async function ask<T>(question: () => Promise<T>): Promise<{ answer: T } | { silence: string }> {
  try {
    return { answer: await question() };
  } catch (error) {
    if (error instanceof AppError) return { silence: plainText(error.message) };
    throw error;
  }
}
