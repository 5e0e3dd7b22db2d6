import { AppError, errorMessage } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";
import { Agreement } from "../../settlement/record/agreement.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { agreementHash, agreementSigner, domainOf, signAgreement } from "../../settlement/record/sign-agreement.ts";
import { exitCode } from "../exit-code.ts";
import { wholeNumber } from "../whole-number.ts";
import { type DraftAgreement, readDraft } from "./agreement-file.ts";
import { type RewardOptions, rewardRule } from "./reward-rule.ts";
import { addressIn, type KeyOptions, openKey, servedChain } from "./sending.ts";

/** Options of `agreement draft`, as texts. */
export type DraftOptions = Record<
  "site" | "household" | "aggregator" | "from" | "until" | "timezone" | "currency" | "period" | "contract" | "rpc",
  string
> &
  RewardOptions;

/**
 * `smart-mla settlement agreement draft`: prints an agreement with the signers that the registry has, for both to sign.
 * @throws AppError settlement-unknown-party where one of the two has none, agreement-malformed
 */
export async function agreementDraft(options: DraftOptions, say: (line: string) => void): Promise<number> {
  const [household, aggregator] = [addressIn(options.household, "--household"), addressIn(options.aggregator, "--aggregator")];
  const contract = addressIn(options.contract, "--contract");
  const reward = rewardRule(options);
  const chainId = await servedChain(options.rpc);
  const [a, b] = [household, aggregator].toSorted() as [string, string];
  const chain = chainClient({ rpcUrl: options.rpc, chainId, contract });
  const signerOf = async (owner: string): Promise<string> => {
    const { signer } = await chain.partyOf(owner);
    if (signer === null)
      throw new AppError(
        "settlement-unknown-party",
        `${owner} has no signer in the registry; register it first (smart-mla settlement register)`,
      );
    return signer;
  };
  try {
    const agreement = {
      v: 1,
      a,
      b,
      signerA: await signerOf(a),
      signerB: await signerOf(b),
      aggregator,
      site: options.site,
      from: options.from,
      until: options.until,
      timezone: options.timezone,
      currency: options.currency,
      periodS: wholeNumber("--period", options.period),
      reward,
      settlementContract: contract,
      chainId,
    };
    say(JSON.stringify({ agreement: parseAs(Agreement, agreement, "agreement-malformed") }, null, 2));
    return exitCode.good;
  } finally {
    chain.close();
  }
}

/**
 * `smart-mla settlement agreement sign FILE`: prints the agreement with the signature of this key added.
 * @throws AppError keystore-unexpected-key, agreement-not-signed where the other signature is not by the key that it names
 */
export async function agreementSign(file: string, options: KeyOptions, say: (line: string) => void): Promise<number> {
  const draft = readDraft(file);
  const { agreement } = draft;
  const wallet = await openKey(options);
  const signer = wallet.address.toLowerCase();
  if (signer !== agreement.signerA && signer !== agreement.signerB)
    throw new AppError(
      "keystore-unexpected-key",
      `${options.key} holds ${signer}, but the agreement is signed by ${agreement.signerA} and ${agreement.signerB}`,
    );
  const signature = await signAgreement(wallet, agreement);
  const signed: DraftAgreement = {
    ...draft,
    ...(signer === agreement.signerA ? { signatureA: signature } : { signatureB: signature }),
  };
  const wrong = signaturesOf(signed).find(({ problem, missing }) => problem !== null && !missing);
  if (wrong) throw new AppError("agreement-not-signed", `signature of ${wrong.side} under the agreement: ${wrong.problem}`);
  say(JSON.stringify(signed, null, 2));
  return exitCode.good;
}

/**
 * `smart-mla settlement agreement check FILE [--rpc URL]`: exit 0 where both keys have signed and, with a node, the registry
 * has them as the signers; 1 where not.
 */
export async function agreementCheck(
  file: string,
  options: { rpc?: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const draft = readDraft(file);
  const { agreement } = draft;
  const problems = signaturesOf(draft).flatMap(({ side, problem }) =>
    problem === null ? [] : [`signature of ${side}: ${problem}`],
  );
  if (options.rpc !== undefined) {
    const chain = chainClient({ rpcUrl: options.rpc, ...domainOf(agreement) });
    try {
      for (const [owner, signer] of [
        [agreement.a, agreement.signerA],
        [agreement.b, agreement.signerB],
      ] as const) {
        const party = await chain.partyOf(owner);
        if (party.signer !== signer)
          problems.push(`${owner}: the registry has ${party.signer ?? "nobody"} as its signer, the agreement names ${signer}`);
      }
    } finally {
      chain.close();
    }
  }
  const hash = agreementHash(agreement);
  if (options.json) say(JSON.stringify({ ok: problems.length === 0, hash, agreement, problems }));
  else {
    for (const problem of problems) say(`bad   ${problem}`);
    if (problems.length === 0)
      say(`good  agreement ${hash} for ${subjectOf(agreement)}, signed by both, ${agreement.from} until ${agreement.until}`);
  }
  return problems.length === 0 ? exitCode.good : exitCode.checkFailed;
}

/** The home, or the feeders, that an agreement is about. */
const subjectOf = (agreement: DraftAgreement["agreement"]): string =>
  "kind" in agreement ? `feeders ${agreement.feeders.map(({ feeder }) => feeder).join(", ")}` : agreement.site;

/** What is wrong with each signature; null where it is good. */
function signaturesOf({ agreement, signatureA, signatureB }: DraftAgreement) {
  return (
    [
      ["a", signatureA, agreement.signerA],
      ["b", signatureB, agreement.signerB],
    ] as const
  ).map(([side, signature, expected]) => {
    if (signature === undefined) return { side, missing: true, problem: `missing, ${expected} has not signed` };
    try {
      const signer = agreementSigner(agreement, side, signature);
      return { side, missing: false, problem: signer === expected ? null : `is by ${signer}, expected ${expected}` };
    } catch (error) {
      return { side, missing: false, problem: errorMessage(error) };
    }
  });
}
