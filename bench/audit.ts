import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ArchiveLine } from "../settlement/log/archive.ts";
import { audit } from "../settlement/audit/audit.ts";
import { openChainView } from "../settlement/audit/chain-view.ts";
import { epochRoot } from "../settlement/log/epoch.ts";
import { epochFile, folderSource } from "../settlement/log/epoch-source.ts";
import { encodeLogData, leavesOf, type LogData } from "../settlement/log/log-data.ts";
import { encodeLogPlace, logFileHash } from "../settlement/log/log-place.ts";
import type { LoggedRecord } from "../settlement/log/log-run.ts";
import { pricesHash } from "../settlement/record/reference-hash.ts";
import { signPossession } from "../settlement/record/typed-calls.ts";
import { startAnvil } from "../test/fake/anvil.ts";
import { openMarket } from "../test/settlement/market.ts";
import { aggregator, dayStartS, home, series } from "./audit/simulated-day.ts";
import type { Job } from "./audit/worker.ts";
import { atMost, report, rounded } from "./report.ts";

/**
 * `npm run bench:audit [-- --json] [--records 96000] [--archive]`: a simulated day, 96 records a home, each signed by both
 * sides, logged in full in one epoch on a development chain (its root, length and hash in the commitment, its bytes in a
 * folder), and audited with two threads. Beside it the time that the recovery of all keys takes alone, with the same library
 * and as many threads: one half of them before the audit and one half after, so that both meet the same machine. With
 * --archive amounts are recomputed too.
 */

const option = (name: string, otherwise: number): number => {
  const place = process.argv.indexOf(name);
  return place > 0 ? Number(process.argv[place + 1]) : otherwise;
};
const threads = 2;
const homes = Math.max(1, Math.round(option("--records", 96_000) / 96));

const run = async <T>(job: Job): Promise<T[]> => {
  const worker = new Worker(new URL("audit/worker.ts", import.meta.url), { workerData: job });
  const told: T[] = [];
  worker.on("message", (one: T) => told.push(one));
  await once(worker, "exit");
  return told;
};
const shares = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: threads }, (_, at) => all.filter((_one, index) => index % threads === at));
/** Wall seconds, and processor seconds of the whole process. */
async function timed<T>(work: () => Promise<T>): Promise<{ wallS: number; cpuS: number; result: T }> {
  const [beganMs, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { wallS: (performance.now() - beganMs) / 1000, cpuS: (user + system) / 1e6, result };
}
/** Threads start within the time, as those of the audit do; half the keys. */
const recover = (signed: readonly { digest: string; signature: string }[]) =>
  timed(() => Promise.all(shares(signed).map((share) => run<number>({ is: "recoveries", signed: share }))));

const folder = mkdtempSync(join(tmpdir(), "bench-audit-"));
const anvil = await startAnvil({ timestamp: dayStartS - 86_400 });
const market = await openMarket(anvil);
try {
  const { domain, registrar } = market;
  const all = Array.from({ length: homes }, (_, index) => index);
  const parties = [aggregator, ...all.map(home)];
  for (let from = 0; from < parties.length; from += 50)
    await Promise.all(
      parties
        .slice(from, from + 50)
        .map(async ({ owner, signer }) =>
          registrar.register(owner, signer.address.toLowerCase(), await signPossession(signer, domain, owner)),
        ),
    );
  type Day = { home: number; records: LoggedRecord[]; lines: ArchiveLine[] };
  const days = await Promise.all(shares(all).map((share) => run<Day>({ is: "days", homes: share, domain })));
  const records = days.flat().flatMap((day) => day.records);
  const logger = await market.clientOf(aggregator.signer.privateKey);
  const commit = async (epoch: number, data: LogData): Promise<number> => {
    const [bytes, leaves] = [encodeLogData(data), leavesOf(data)];
    const place = encodeLogPlace({ in: "file", length: bytes.length, hash: logFileHash(bytes) });
    await logger.commit(aggregator.owner, epoch, epochRoot(leaves), leaves.length, place);
    const file = epochFile(folder, aggregator.owner, epoch);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return bytes.length;
  };
  await commit(1, { form: "records", records: [], others: [pricesHash(series)] });
  await market.warpTo(dayStartS + 86_400 + 600);
  const bytes = await commit(2, { form: "records", records, others: [] });

  const signed = records.flatMap(({ digest, signatureA, signatureB }) => [
    { digest, signature: signatureA },
    { digest, signature: signatureB },
  ]);
  const half = signed.length / 2;
  const archive = process.argv.includes("--archive")
    ? [{ v: 1, kind: "prices", series } as const, ...days.flat().flatMap(({ lines }) => lines)]
    : undefined;
  const before = await recover(signed.slice(0, half));
  const view = await openChainView(anvil.url, domain.contract);
  const audited = await timed(() =>
    audit({
      view,
      fromBlock: 0,
      sources: [folderSource(folder)],
      threads,
      ...(archive && { archive: numbered(archive) }),
    }),
  );
  view.close();
  const after = await recover(signed.slice(half));
  const { steps, findings, verdict } = audited.result;
  console.table(steps);
  for (const finding of findings) console.log(finding);
  const [wallS, cpuS] = [before.wallS + after.wallS, before.cpuS + after.cpuS];
  const checkedSignatures = steps.find(({ step }) => step === "signatures")?.checked ?? 0;
  report(
    [
      {
        what: `${signed.length} keys recovered`,
        "wall s": rounded(wallS),
        "processor s": rounded(cpuS),
        "ms each": rounded((cpuS * 1000) / signed.length),
      },
      {
        what: `${records.length} records audited${archive ? " with archive" : ""}`,
        "wall s": rounded(audited.wallS),
        "processor s": rounded(audited.cpuS),
        "ms each": rounded((audited.cpuS * 1000) / records.length),
      },
      { what: "MB of the epoch", "wall s": rounded(bytes / 1e6), "processor s": "", "ms each": "" },
    ],
    [
      atMost("audit / pure signature check, wall time", audited.wallS / wallS, 1.3),
      atMost("audit / pure signature check, processor time", audited.cpuS / cpuS, 1.3),
      atMost("signatures that were not checked", signed.length - checkedSignatures, 0),
      atMost(
        "bad findings, or unknown ones without an archive but for amounts",
        verdict === "bad" || findings.some(({ cause }) => cause !== "amount-unchecked") ? 1 : 0,
        0,
      ),
    ],
    process.argv,
  );
} finally {
  market.close();
  await anvil.stop();
  rmSync(folder, { recursive: true });
}

async function* numbered(lines: readonly ArchiveLine[]): AsyncGenerator<{ line: number; entry: ArchiveLine }> {
  for (const [index, entry] of lines.entries()) yield { line: index + 1, entry };
}
