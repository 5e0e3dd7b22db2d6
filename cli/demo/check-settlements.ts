import { Bundle } from "../../settlement/verify/bundle.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { recordDigest } from "../../settlement/record/record.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import { overallVerdict } from "../../settlement/verify/verdict.ts";
import { verifyBundle, type Finding } from "../../settlement/verify/verify.ts";

/** What came of verifying a day's settlements. */
export interface SettlementCheck {
  onChain: number;
  verified: number;
  /** The first findings that were not good, for the reader. */
  problems: string[];
  tamperedRejected: boolean;
  /** One bundle as it was, and how its tampered copy was refused. */
  example: { site: string; seq: number; refusedBy: string } | null;
}

/** A record by whose it is and its number. */
interface Anchored {
  site: string;
  seq: number;
}

/**
 * Verifies the bundle of every record against the chain, then a forged copy, which must be refused.
 * @param anchored records that an epoch on the chain holds
 */
export async function checkSettlements(
  anchored: readonly Anchored[],
  bundleOf: (site: string, seq: number) => Promise<unknown>,
  chain: ChainReader,
): Promise<SettlementCheck> {
  const problems: string[] = [];
  let verified = 0;
  let example: SettlementCheck["example"] = null;
  const check = async ({ site, seq }: Anchored): Promise<void> => {
    const input = await bundleOf(site, seq);
    const findings = await verifyBundle(input, chain);
    if (overallVerdict(findings) === "good") verified++;
    else
      problems.push(
        `${site}/${seq}: ${findings
          .filter(({ verdict }) => verdict !== "good")
          .map(describe)
          .join("; ")}`,
      );
    const bundle = Bundle.safeParse(input).data;
    if (example || !bundle || !forgeable.has(bundle.record.kind)) return;
    const refused = (await verifyBundle(tampered(bundle), chain)).find(({ verdict }) => verdict === "bad");
    if (refused) example ??= { site, seq, refusedBy: describe(refused) };
  };
  // Some at once: most of the time goes into waiting for the chain's answers.
  for (let from = 0; from < anchored.length; from += atOnce) await Promise.all(anchored.slice(from, from + atOnce).map(check));
  return { onChain: anchored.length, verified, problems, tamperedRejected: example !== null, example };
}

const atOnce = 8;
/** Kinds that are about energy, which a forger would halve. */
const forgeable = new Set(["import", "trade"]);

const describe = ({ check, verdict, detail }: Finding): string => `${check} ${verdict}: ${detail}`;

/** The same record with half the energy, and a digest that fits: only the signatures stand against it. */
function tampered(bundle: Bundle): Bundle {
  const record = { ...bundle.record, wh: Math.floor(bundle.record.wh / 2) };
  return { ...bundle, record, digest: recordDigest(domainOf(bundle.agreement.agreement), record) };
}
