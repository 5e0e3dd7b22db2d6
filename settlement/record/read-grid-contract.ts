import { AppError } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { SignedGridAgreement } from "./grid-agreement.ts";
import { verifyAgreement } from "./sign-agreement.ts";

/**
 * A contract by which orders of flexibility are paid, signed by both.
 * @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed; agreement-elsewhere where it is for another
 * chain, contract or currency, or says nothing about orders
 */
export function readGridContract(
  file: string,
  expected: { chainId: number; contract: string; currency: string; timezone: string },
): SignedGridAgreement {
  const signed = parseAs(SignedGridAgreement, readJsonFile(file, "agreement-unreadable"), "agreement-malformed", file);
  verifyAgreement(signed);
  const { chainId, settlementContract, currency, timezone, orders } = signed.agreement;
  const isHere =
    chainId === expected.chainId &&
    settlementContract === expected.contract &&
    currency === expected.currency &&
    timezone === expected.timezone;
  if (!isHere)
    throw new AppError(
      "agreement-elsewhere",
      `${file} is for chain ${chainId}, contract ${settlementContract}, ${currency}, ${timezone}; expected ${expected.chainId}, ${expected.contract}, ${expected.currency}, ${expected.timezone}`,
    );
  if (!orders) throw new AppError("agreement-elsewhere", `${file} says nothing about orders; its field orders has their prices`);
  return signed;
}
