import { AppError } from "../../core/app-error.ts";
import type { SignedOrder } from "../../core/message/exchange-order.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { SettlementDomain } from "../record/domain.ts";
import { dueOf } from "../record/due.ts";
import { orderSigner } from "../record/order-signature.ts";
import { zeroHash } from "../record/record.ts";
import { evidenceHash, pricesHash } from "../record/reference-hash.ts";
import { agreementHash, type SignedTerms, type Terms, verifyAgreement } from "../record/sign-agreement.ts";
import type { Journal } from "./journal.ts";
import type { KeyHistory } from "./key-history.ts";
import { recordPlace } from "./places.ts";

/** Recomputes energy and money of records from what the parties keep: agreements, price series, evidence. */
export interface AmountCheck {
  agreement(signed: SignedTerms, place: string): void;
  prices(series: PriceSeries): void;
  record(record: RecordWire, evidence: Evidence): void;
}

export function amountCheck(domain: SettlementDomain, keys: KeyHistory, say: Journal): AmountCheck {
  const agreements = new Map<string, Terms>();
  const prices = new Map<string, PriceSeries>();
  const checkOrder = ({ order, signature }: SignedOrder, place: string): void => {
    const signer = orderSigner(domain, order, signature);
    if (!keys.belongs(signer, order.participant))
      say.find("amounts", "bad", "signer-foreign", place, `the order of ${order.participant} is signed by ${signer}`);
  };
  return {
    agreement(signed, place) {
      const { agreement } = signed;
      const { a, b, signerA, signerB, chainId, settlementContract } = agreement;
      agreements.set(agreementHash(agreement), agreement);
      const wrong = (why: string): void => say.find("amounts", "bad", "agreement-unsigned", place, why);
      if (chainId !== domain.chainId || settlementContract !== domain.contract) wrong("the agreement is for another contract");
      for (const [owner, key] of [
        [a, signerA],
        [b, signerB],
      ] as const)
        if (!keys.belongs(key, owner)) wrong(`the agreement names ${key} as a key of ${owner}, which it never was`);
      try {
        verifyAgreement(signed);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        wrong(error.message);
      }
    },
    prices(series) {
      prices.set(pricesHash(series), series);
    },
    record(record, evidence) {
      const place = recordPlace(record);
      const agreement = agreements.get(record.agreement);
      const series = record.prices === zeroHash ? null : prices.get(record.prices);
      const unchecked = (why: string): void => say.find("amounts", "unknown", "amount-unchecked", place, why);
      if (record.ref !== evidenceHash(evidence)) {
        say.find(
          "amounts",
          "bad",
          "evidence-differs",
          place,
          `the evidence has hash ${evidenceHash(evidence)}, not ${record.ref}`,
        );
        return;
      }
      if (!agreement) return unchecked(`agreement ${record.agreement} was not given`);
      if (series === undefined) return unchecked(`price series ${record.prices} was not given`);
      say.checked("amounts");
      const terms = termsObjection(record, agreement);
      if (terms) say.find("amounts", "bad", "agreement-differs", place, terms);
      try {
        const due = dueOf(record, evidence, agreement, series);
        if (evidence.trade) checkOrder(evidence.trade.own, place);
        if (!due) return unchecked(`the agreement has no rule for records of kind ${record.kind}`);
        if (record.wh === due.wh && BigInt(record.amount) === due.amount && record.payer === due.payer) return;
        const says = `${record.wh} Wh and ${record.amount} micro-units by ${record.payer}`;
        const recomputed = `${due.wh} Wh and ${due.amount} micro-units by ${due.payer}`;
        say.find("amounts", "bad", "amount-differs", place, `says ${says}; recomputed ${recomputed}`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        say.find("amounts", "bad", "amount-differs", place, error.message);
      }
    },
  };
}

function termsObjection(record: RecordWire, { a, b, from, until }: Terms): string | undefined {
  if (a !== record.a || b !== record.b) return "the agreement is between other parties";
  if (Date.parse(record.start) < Date.parse(from) || Date.parse(record.end) > Date.parse(until))
    return `the service period is outside ${from} to ${until}`;
  return undefined;
}
