import { z } from "zod";
import { Signature } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { Agreement, householdOf, SignedAgreement } from "../../settlement/record/agreement.ts";
import { domainOf, verifyAgreement } from "../../settlement/record/sign-agreement.ts";

/** An agreement that nobody, one side or both have signed. */
const DraftAgreement = z.strictObject({
  agreement: Agreement,
  signatureA: Signature.optional(),
  signatureB: Signature.optional(),
});
export type DraftAgreement = z.infer<typeof DraftAgreement>;

/** @throws AppError agreement-unreadable, agreement-malformed */
export function readDraft(file: string): DraftAgreement {
  return parseAs(DraftAgreement, readJsonFile(file, "agreement-unreadable"), "agreement-malformed", file);
}

/** The two sides of an agreement, as people name them. */
export type SideName = "household" | "aggregator";

/** What a verb about the escrow needs of an agreement that both have signed. */
export interface AgreedPair {
  agreement: Agreement;
  domain: { chainId: number; contract: string };
  sideOf(name: SideName): "a" | "b";
  ownerOf(name: SideName): string;
}

/** @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed */
export function readPair(file: string): AgreedPair {
  const signed = parseAs(SignedAgreement, readJsonFile(file, "agreement-unreadable"), "agreement-malformed", file);
  verifyAgreement(signed);
  const { agreement } = signed;
  const ownerOf = (name: SideName): string => (name === "aggregator" ? agreement.aggregator : householdOf(agreement));
  return {
    agreement,
    domain: domainOf(agreement),
    ownerOf,
    sideOf: (name) => (ownerOf(name) === agreement.a ? "a" : "b"),
  };
}
