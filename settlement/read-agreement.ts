import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";
import { SignedAgreement } from "./agreement.ts";
import { verifyAgreement } from "./sign-agreement.ts";

/**
 * Reads an agreement that both sides have signed.
 * @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed, agreement-elsewhere
 */
export function readAgreement(file: string, site: string, expected: { chainId: number; contract: string }): SignedAgreement {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError("agreement-unreadable", `${file} cannot be read as JSON: ${errorMessage(cause)}`, { cause });
  }
  const checked = SignedAgreement.safeParse(value);
  if (!checked.success) throw new AppError("agreement-malformed", `${file}: ${z.prettifyError(checked.error)}`);
  verifyAgreement(checked.data);
  const { agreement } = checked.data;
  if (agreement.site !== site || agreement.chainId !== expected.chainId || agreement.settlementContract !== expected.contract)
    throw new AppError(
      "agreement-elsewhere",
      `${file} is for site ${agreement.site}, chain ${agreement.chainId}, contract ${agreement.settlementContract}; expected ${site}, ${expected.chainId}, ${expected.contract}`,
    );
  return checked.data;
}
