import { writeFileSync } from "node:fs";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import { evidenceHash, pricesHash } from "../../settlement/record/reference-hash.ts";
import { exitCode } from "../exit-code.ts";
import { inclusionOf, settledHome, shownRecord } from "./settled-home.ts";
import { wholeNumber } from "../whole-number.ts";

/**
 * `smart-mla settlement show SEQ -c FILE [--bundle FILE] [--json]`: one record, and what proves it.
 * @throws AppError settlement-unknown-record; with --bundle settlement-not-cosigned, settlement-evidence-lost, bundle-not-written
 */
export async function settlementShow(
  seqText: string,
  options: { config: string; bundle?: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const seq = wholeNumber("SEQ", seqText, { least: 1 });
  const home = settledHome(options.config);
  const shown = home.read((stores) => {
    const known = stores.records.at(home.pair, seq);
    if (!known) throw new AppError("settlement-unknown-record", `record ${seq} is not in the journal of this home`);
    if (options.bundle !== undefined) writeBundle(options.bundle, bundleOf(home, stores, seq));
    return { ...shownRecord(known, stores), record: known.record, evidence: known.evidence, bundle: options.bundle ?? null };
  });
  if (options.json) say(JSON.stringify(shown));
  else
    for (const [name, value] of Object.entries(shown))
      say(`${name.padEnd(14)} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return exitCode.good;
}

type Home = ReturnType<typeof settledHome>;
type Stores = Parameters<Parameters<Home["read"]>[0]>[0];

/** All that proves one record, from the gateway's own files. */
function bundleOf({ settlement, agreement, pair }: Home, stores: Stores, seq: number): Bundle {
  const known = stores.records.at(pair, seq);
  const { a, aggregator } = agreement.agreement;
  if (!known?.ownSignature || known.otherSignature === null)
    throw new AppError("settlement-not-cosigned", `record ${seq} is not signed by both sides; there is nothing to prove yet`);
  const { record, digest, evidence, ownSignature, otherSignature } = known;
  if (evidenceHash(evidence) !== record.ref)
    throw new AppError(
      "settlement-evidence-lost",
      `the slots of record ${seq} were lost with an earlier database; ask the aggregator for its bundle`,
    );
  const [startMs, endMs] = [Date.parse(record.start), Date.parse(record.end)];
  const series = stores.prices(startMs, endMs).find((one) => pricesHash(one) === record.prices);
  const aggregatorIsA = a === aggregator;
  return Bundle.parse({
    v: 1,
    chainId: settlement.chainId,
    contract: settlement.contract,
    rpc: settlement.rpcUrl,
    digest,
    record,
    evidence,
    agreement,
    prices: series ?? null,
    signatureA: aggregatorIsA ? otherSignature : ownSignature,
    signatureB: aggregatorIsA ? ownSignature : otherSignature,
    previous: stores.records.at(pair, seq - 1)?.record ?? null,
    inclusion: inclusionOf(stores, digest),
    pricesInclusion: series ? inclusionOf(stores, record.prices) : null,
  } satisfies Bundle);
}

function writeBundle(file: string, bundle: Bundle): void {
  try {
    writeFileSync(file, `${JSON.stringify(bundle, null, 1)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new AppError("bundle-not-written", `cannot write ${file}: ${errorMessage(cause)}; name a new file`, { cause });
  }
}
