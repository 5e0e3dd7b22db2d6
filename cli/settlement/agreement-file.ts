import { z } from "zod";
import { Signature } from "../../core/message/fields.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { Agreement, householdOf, SignedAgreement } from "../../settlement/record/agreement.ts";
import { GridAgreement, SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { domainOf, type SignedTerms, type Terms, verifyAgreement } from "../../settlement/record/sign-agreement.ts";

/** Signatures under an agreement that nobody, one side or both have signed. */
const signatures = { signatureA: Signature.optional(), signatureB: Signature.optional() };
const DraftAgreement = z.strictObject({ agreement: Agreement, ...signatures });
const DraftGridAgreement = z.strictObject({ agreement: GridAgreement, ...signatures });
/** An agreement with a household or with a grid operator, as it goes from one side to the other. */
export type DraftAgreement = z.infer<typeof DraftAgreement> | z.infer<typeof DraftGridAgreement>;

/** What says of itself that it is with a grid operator. */
const Grid = z.object({ agreement: z.object({ kind: z.literal("grid") }) });

/** @throws AppError agreement-unreadable, agreement-malformed */
export function readDraft(file: string): DraftAgreement {
  const read = readJsonFile(file, "agreement-unreadable");
  // By one schema or the other, so that a mistake is named by the right one.
  return Grid.safeParse(read).success
    ? parseAs(DraftGridAgreement, read, "agreement-malformed", file)
    : parseAs(DraftAgreement, read, "agreement-malformed", file);
}

/** The two sides of an agreement, as people name them. */
export type SideName = "household" | "aggregator";

/** What a verb about the escrow needs of an agreement that both have signed. */
export interface AgreedPair {
  agreement: Terms;
  domain: { chainId: number; contract: string };
  sideOf(name: SideName): "a" | "b";
  ownerOf(name: SideName): string;
}

/**
 * Of a contract with a grid operator the side that is not the aggregator is the grid operator's.
 * @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed
 */
export function readPair(file: string): AgreedPair {
  const read = readJsonFile(file, "agreement-unreadable");
  const signed: SignedTerms = Grid.safeParse(read).success
    ? parseAs(SignedGridAgreement, read, "agreement-malformed", file)
    : parseAs(SignedAgreement, read, "agreement-malformed", file);
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
