import { AppError } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { SignedGridAgreement } from "../../settlement/record/grid-agreement.ts";
import { verifyAgreement } from "../../settlement/record/sign-agreement.ts";
import type { FeederConfig } from "./aggregator-config.ts";

/**
 * Feeders with what their contracts say.
 * @throws AppError agreement-unreadable, agreement-malformed, agreement-not-signed, agreement-elsewhere where it does not name
 * the feeder
 */
export function readFeeders(feeders: readonly FeederConfig[]): FeederConfig[] {
  return feeders.map((feeder) => {
    const { agreementFile: file, name } = feeder;
    if (file === undefined) return feeder;
    const signed = parseAs(SignedGridAgreement, readJsonFile(file, "agreement-unreadable"), "agreement-malformed", file);
    const hash = verifyAgreement(signed);
    const { from, until, timezone, aggregator, currency, feeders: agreed } = signed.agreement;
    const terms = agreed.find((one) => one.feeder === name);
    if (!terms)
      throw new AppError(
        "agreement-elsewhere",
        `${file} is about feeders ${agreed.map((one) => one.feeder).join(", ")}; expected ${name}`,
      );
    return { ...feeder, grid: { agreement: hash, from, until, timezone, aggregator, currency, terms } };
  });
}
