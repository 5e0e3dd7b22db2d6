import { availableParallelism } from "node:os";
import type { AuditReport } from "../../settlement/audit/journal.ts";
import type { EpochSource } from "../../settlement/log/epoch-source.ts";
import { contractOption } from "./contract-option.ts";
import { verdictCode } from "./verdict-code.ts";
import { wholeNumber } from "../whole-number.ts";

interface AuditFlags {
  rpc: string;
  contract: string;
  fromBlock: string;
  toBlock?: string;
  beacon?: string;
  mirror: readonly string[];
  data?: string;
  records?: string;
  threads?: string;
  json?: true;
}

/**
 * `smart-mla settlement audit`: exit 0 all good, 1 something differs, 3 something could not be seen.
 * @param say one line on stdout
 * @throws AppError of audit, settlement-bad-address, usage-bad-number, input-unreadable
 */
export async function settlementAudit(flags: AuditFlags, say: (line: string) => void): Promise<number> {
  const fromBlock = wholeNumber("--from-block", flags.fromBlock);
  const toBlock = flags.toBlock === undefined ? undefined : wholeNumber("--to-block", flags.toBlock, { least: fromBlock });
  const threads = flags.threads === undefined ? availableParallelism() : wholeNumber("--threads", flags.threads, { most: 256 });
  const contract = contractOption(flags.contract);
  const { audit } = await import("../../settlement/audit/audit.ts");
  const { openChainView } = await import("../../settlement/audit/chain-view.ts");
  const sources = await sourcesOf(flags);
  const view = await openChainView(flags.rpc, contract);
  try {
    const report = await audit({
      view,
      fromBlock,
      sources,
      threads,
      ...(toBlock !== undefined && { toBlock }),
      ...(flags.records !== undefined && { archive: await archiveOf(flags.records) }),
    });
    if (flags.json) say(JSON.stringify({ contract, chainId: view.domain.chainId, fromBlock, ...report }));
    else for (const line of linesOf(report)) say(line);
    return verdictCode[report.verdict];
  } finally {
    view.close();
  }
}

/** The nearest first. */
async function sourcesOf({ data, beacon, mirror }: AuditFlags): Promise<EpochSource[]> {
  const { blobEpochSource, folderSource, mirrorSource } = await import("../../settlement/log/epoch-source.ts");
  const sources: EpochSource[] = data === undefined ? [] : [folderSource(data)];
  if (beacon !== undefined) {
    const { beaconBlobs } = await import("../../settlement/log/beacon-blobs.ts");
    sources.push(blobEpochSource(beacon, beaconBlobs(beacon)));
  }
  return [...sources, ...mirror.map((url) => mirrorSource(url))];
}

async function archiveOf(file: string) {
  const { readArchive } = await import("../../settlement/log/archive.ts");
  const { readLines } = await import("../read-lines.ts");
  return readArchive(readLines(file), file);
}

function* linesOf({ verdict, steps, findings, more }: AuditReport): Generator<string> {
  for (const { step, verdict: one, checked } of steps) yield `${one.padEnd(8)} ${step.padEnd(11)} ${checked} checked`;
  for (const { verdict: one, step, cause, place, detail } of findings)
    yield `${one.padEnd(8)} ${step}: ${place}: ${cause}: ${detail}`;
  for (const { step, cause, count } of more) yield `and ${count} more of ${step}: ${cause}`;
  yield `verdict: ${verdict}`;
}
