import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import type { ChainReader, Finality } from "../../settlement/chain/chain-reader.ts";
import { checkRecord } from "../../settlement/record/check-record.ts";
import { gridOperatorOf, type SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { recordDigest, signerOf, signRecord } from "../../settlement/record/record.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { OrderOf } from "./metered-orders.ts";

type Of<Name extends UftpMessage["Message"]> = Extract<UftpMessage, { Message: Name }>;
/** What is answered to a proposal, without the head of its message. */
export type SettlementWords = Pick<Of<"SettlementAnswer">, "Seq" | "Digest" | "Signature" | "Objection">;

/** The aggregator's side of the records that it signs with its grid operator. */
export interface GridRecords {
  proposed(proposal: Pick<Of<"SettlementProposal">, "Record" | "Evidence">): Promise<SettlementWords>;
  countersigned(message: Pick<Of<"SettlementCountersignature">, "Seq" | "Digest" | "Signature">): Promise<void>;
}

/**
 * Signs what the own meters and the order bear out, never two records under one number: what is signed is kept before it is told.
 * @param options.site name under which its records stand among those of homes
 * @param options.orderOf an order with own meters; null where it is not known here, or not metered yet
 */
export function gridRecords(options: {
  site: string;
  signed: SignedGridAgreement;
  store: Pick<AggregatorStore, "recordAt" | "newestRecord" | "addRecord" | "updateRecord">;
  chain: Pick<ChainReader, "pairOf" | "partyOf">;
  signer: TypedDataSigner;
  /** In which block's escrow the money must be, beside that of the newest one. */
  finality: Finality;
  orderOf: OrderOf;
  onCosigned?: () => void;
  now: () => number;
  log: Log;
}): GridRecords {
  const { site, store, chain, log } = options;
  const { agreement } = options.signed;
  const domain = domainOf(agreement);
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const sign = async ({ Record: record, Evidence: evidence }: Pick<Of<"SettlementProposal">, "Record" | "Evidence">) => {
    const digest = digestOf(() => recordDigest(domain, record));
    const words = { Seq: record.seq, Digest: digest ?? `0x${"0".repeat(64)}` };
    const objected = (Code: string, reason: string): SettlementWords => {
      log.warn({ operator: site, seq: record.seq, code: Code, reason }, "record of the grid operator not signed");
      return { ...words, Objection: { Code, Reason: reason.slice(0, 500) } };
    };
    if (digest === null) return objected("settlement-bad-record", "it cannot be written in the signed form");
    const before = await store.recordAt(site, record.seq);
    if (before?.digest === digest && before.ownSignature !== null) return { ...words, Signature: before.ownSignature };
    if (before) return objected("settlement-seq-gap", `record ${record.seq} was signed here with another content`);
    const previous = await store.newestRecord(site);
    if (previous && previous.state !== "cosigned")
      return objected("settlement-countersignature-missing", `record ${previous.record.seq} waits for your signature`);
    const pair = [agreement.a, agreement.b] as const;
    const checked = checkRecord(
      { record, evidence },
      {
        previous: previous?.record ?? null,
        agreement,
        series: null,
        ownSlots: [],
        covered: [],
        order: evidence.order ? await options.orderOf(evidence.order.reference) : null,
        pairs: [await chain.pairOf(...pair), await chain.pairOf(...pair, options.finality)],
        nowMs: options.now(),
      },
    );
    if (!checked.ok) return objected(checked.code, checked.message);
    const ownSignature = await signRecord(options.signer, domain, record);
    const kept = { site, record, digest, evidence, prices: null, state: "proposed" as const };
    await store.addRecord({ ...kept, gatewaySignature: null, ownSignature, epoch: null }, null);
    return { ...words, Signature: ownSignature };
  };
  return {
    proposed: (proposal) =>
      inTurn(async () => {
        try {
          return await sign(proposal);
        } catch (error) {
          if (errorCode(error) !== "chain-unreachable") throw error;
          const { Record: record } = proposal;
          const Objection = { Code: "chain-unreachable", Reason: errorMessage(error).slice(0, 500) };
          return { Seq: record.seq, Digest: recordDigest(domain, record), Objection };
        }
      }),
    countersigned: ({ Seq: seq, Digest: digest, Signature: signature }) =>
      inTurn(async () => {
        const stored = await store.recordAt(site, seq);
        if (stored?.digest !== digest || stored.ownSignature === null)
          return log.warn({ operator: site, seq }, "countersignature for a record that was not signed here");
        if (stored.state === "cosigned") return undefined;
        const { signer } = await chain.partyOf(gridOperatorOf(agreement));
        const by = digestOf(() => signerOf(domain, stored.record, signature));
        if (by !== signer)
          return log.warn({ operator: site, seq, by, registered: signer }, "record countersigned by a foreign key");
        await store.updateRecord(site, seq, { state: "cosigned", gatewaySignature: signature });
        log.info({ operator: site, seq, amount: stored.record.amount }, "order settled with the grid operator, signed by both");
        return options.onCosigned?.();
      }),
  };
}

function digestOf(work: () => string): string | null {
  try {
    return work();
  } catch {
    return null;
  }
}
