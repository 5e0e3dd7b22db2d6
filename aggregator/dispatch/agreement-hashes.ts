import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import { agreementHash } from "../../settlement/record/sign-agreement.ts";

/** Hash of the contract with each home that has one. */
export function agreementHashes(
  agreements: ReadonlyMap<string, SignedAgreement> | undefined,
): (site: string) => string | undefined {
  const hashes = new Map([...(agreements ?? [])].map(([site, { agreement }]) => [site, agreementHash(agreement)]));
  return (site) => hashes.get(site);
}
