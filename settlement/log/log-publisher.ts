import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeWholeFile } from "../../core/write-whole-file.ts";
import { blobsPerTransaction, toBlobs } from "./blob-bytes.ts";
import type { KeptEpochs } from "./kept-epochs.ts";
import { encodeLogData, type LogData } from "./log-data.ts";
import { encodeLogPlace, logFileHash } from "./log-place.ts";

/** Where and how epochs are published. */
export interface LogPublishing {
  in: "blobs" | "inline" | "file" | "nowhere";
  form: LogData["form"];
  /** Where the data of every epoch is kept, whatever is published. */
  folder: string;
  /** Base addresses of mirrors. */
  mirrors: readonly string[];
}

/** What goes to the chain of an epoch's data. */
export interface PlacedData {
  /** `data` of the commitment, hex. */
  data: string;
  blobs: Uint8Array[];
}

/** Makes and keeps the data of epochs. */
export interface LogPublisher {
  /** What the commitment says of an epoch's data, after that is safely on disk. */
  place(epoch: number): Promise<PlacedData>;
  /** The data as it was published; made again where the file is lost. */
  bytesOf(epoch: number): Promise<Uint8Array>;
  /** How many blobs go into one transaction; 0 where none are used. */
  readonly blobsAtOnce: number;
}

/** Data beside the database. @param owner the party that commits */
export function logPublisher(options: {
  store: Pick<KeptEpochs, "epochAt" | "loggedRecords" | "dataHash" | "setDataHash">;
  owner: string;
  publishing: LogPublishing;
  /** For tests: fewer blobs in a transaction. */
  blobsAtOnce?: number;
}): LogPublisher {
  const { store, owner, publishing } = options;
  const encode = async (epoch: number): Promise<Uint8Array> => {
    const leaves = (await store.epochAt(epoch))?.digests ?? [];
    if (publishing.form === "digests") return encodeLogData({ form: "digests", leaves });
    const records = await store.loggedRecords(epoch, owner);
    const recorded = new Set(records.map(({ digest }) => digest));
    return encodeLogData({ form: "records", records, others: leaves.filter((leaf) => !recorded.has(leaf)) });
  };
  const bytesOf = async (epoch: number): Promise<Uint8Array> => {
    const file = logFile(publishing.folder, owner, epoch);
    const kept = existsSync(file) ? readFileSync(file) : null;
    // A file of another database, under the same number, is not ours.
    if (kept && sha256(kept) === (await store.dataHash(epoch))) return kept;
    const bytes = await encode(epoch);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWholeFile(file, bytes, 0o600);
    await store.setDataHash(epoch, sha256(bytes));
    return bytes;
  };
  return {
    blobsAtOnce: publishing.in === "blobs" ? (options.blobsAtOnce ?? blobsPerTransaction) : 0,
    bytesOf,
    async place(epoch) {
      const bytes = await bytesOf(epoch);
      const { length } = bytes;
      switch (publishing.in) {
        case "nowhere":
          return { data: encodeLogPlace({ in: "nowhere" }), blobs: [] };
        case "inline":
          return { data: encodeLogPlace({ in: "inline", bytes }), blobs: [] };
        case "file":
          return { data: encodeLogPlace({ in: "file", length, hash: logFileHash(bytes) }), blobs: [] };
        case "blobs":
          return { data: encodeLogPlace({ in: "blobs", length }), blobs: toBlobs(bytes) };
      }
    },
  };
}

/** The file of an epoch's data; a folder for each party, as at mirrors. */
export function logFile(folder: string, by: string, epoch: number): string {
  return join(folder, by, String(epoch));
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
