import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Domain } from "../../core/message/uftp.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";

/** What the meter operator says of one day: Wh taken in each slot by the homes of a participant at a place of the grid. */
const MeteredDay = z.array(z.strictObject({ participant: Domain, point: z.string().max(80), wh: z.array(z.int()).max(300) }));

/** What it says of one participant at one place. */
export type MeteredRow = z.infer<typeof MeteredDay>[number];

/** The file of a day, FOLDER/2026-12-01.json; undefined while it is not there. @throws AppError market-bad-metered */
export function readMetered(folder: string, date: string): MeteredRow[] | undefined {
  const file = join(folder, `${date}.json`);
  return existsSync(file) ? parseAs(MeteredDay, readJsonFile(file, "market-bad-metered"), "market-bad-metered", file) : undefined;
}
