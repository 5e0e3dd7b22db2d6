import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CosignedRecord } from "../../../core/message/settlement-message.ts";
import { parseAs } from "../../../core/parse-as.ts";
import { writeWholeFile } from "../../../core/write-whole-file.ts";

/** The newest co-signed records of a pair, one of each register. */
export const Heads = z.object({ records: z.array(CosignedRecord).max(8) });
export type Heads = z.infer<typeof Heads>;

/** Keeps them in a folder, one file a pair. */
export interface HeadStore {
  get(pair: string): Heads;
  /** An older record than what is there changes nothing. */
  put(pair: string, heads: Heads): void;
}

/** @throws AppError relayer-heads-malformed where a file was changed */
export function headStore(folder: string): HeadStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = (pair: string): string => join(folder, `${pair}.json`);
  const get = (pair: string): Heads => {
    const file = fileOf(pair);
    return existsSync(file)
      ? parseAs(Heads, JSON.parse(readFileSync(file, "utf8")), "relayer-heads-malformed", file)
      : { records: [] };
  };
  return {
    get,
    put(pair, { records }) {
      const newest = new Map(get(pair).records.map((one) => [one.evidence.register, one]));
      let isNew = false;
      for (const one of records) {
        const { register } = one.evidence;
        if ((newest.get(register)?.record.seq ?? 0) >= one.record.seq) continue;
        newest.set(register, one);
        isNew = true;
      }
      if (isNew) writeWholeFile(fileOf(pair), JSON.stringify({ records: [...newest.values()] }), 0o600);
    },
  };
}
