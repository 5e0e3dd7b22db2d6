import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { writeWholeFile } from "../../core/write-whole-file.ts";
import { encodeLogData } from "../../settlement/log/log-data.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { logFile } from "../../settlement/log/log-publisher.ts";

/** The first byte of data that holds whole records. */
const recordsForm = 2;

/**
 * Deletes a home's settlement records with evidence, salts and signatures, its disputes and what it was told. Leaves of
 * epochs stay: without the salt nobody can tell what they are digests of. Data files that hold whole records are written
 * anew with digests only, so a commitment that names such a file by its hash no longer fits it.
 * @param options.folder of the data files; null where there is none
 */
export async function eraseRecords(options: {
  store: AggregatorStore;
  site: string;
  folder: string | null;
  nowMs: number;
  /** For the audit log. */
  who: string;
}): Promise<{ records: number; disputes: number; files: number }> {
  const { store, site, folder, nowMs, who } = options;
  const { epochs, ...counts } = await store.audited(
    (part) => part.eraseRecords(site, nowMs),
    ({ records, disputes }) => ({ atMs: nowMs, who, action: "erase.records", site, detail: { records, disputes } }),
  );
  const parties = folder !== null && existsSync(folder) ? readdirSync(folder) : [];
  let files = 0;
  for (const epoch of epochs)
    for (const by of parties) {
      const file = logFile(folder ?? "", by, epoch);
      if (!existsSync(file) || readFileSync(file)[0] !== recordsForm) continue;
      const bytes = encodeLogData({ form: "digests", leaves: (await store.epochAt(epoch))?.digests ?? [] });
      writeWholeFile(file, bytes, 0o600);
      await store.setDataHash(epoch, createHash("sha256").update(bytes).digest("hex"));
      files++;
    }
  return { ...counts, files };
}
