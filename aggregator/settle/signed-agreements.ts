import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";
import type { AggregatorSettlement } from "../config/settlement-config.ts";

/** The contracts with homes that the configuration names, by site. @throws AppError of readAgreement */
export function signedAgreements(
  { sites }: Pick<AggregatorConfig, "sites">,
  settlement: AggregatorSettlement,
): Map<string, SignedAgreement> {
  const signed = new Map<string, SignedAgreement>();
  for (const { site, agreementFile } of sites)
    if (agreementFile) signed.set(site, readAgreement(agreementFile, site, settlement));
  return signed;
}
