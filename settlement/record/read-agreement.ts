import { AppError } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { SignedAgreement } from "./agreement.ts";
import { verifyAgreement } from "./sign-agreement.ts";

/**
 * Reads an agreement that both sides have signed.
 * @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed, agreement-elsewhere
 */
export function readAgreement(file: string, site: string, expected: { chainId: number; contract: string }): SignedAgreement {
  const signed = parseAs(SignedAgreement, readJsonFile(file, "agreement-unreadable"), "agreement-malformed", file);
  verifyAgreement(signed);
  const { agreement } = signed;
  if (agreement.site !== site || agreement.chainId !== expected.chainId || agreement.settlementContract !== expected.contract)
    throw new AppError(
      "agreement-elsewhere",
      `${file} is for site ${agreement.site}, chain ${agreement.chainId}, contract ${agreement.settlementContract}; expected ${site}, ${expected.chainId}, ${expected.contract}`,
    );
  return signed;
}
