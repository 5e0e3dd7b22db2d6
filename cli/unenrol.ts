import { existsSync } from "node:fs";
import { join } from "node:path";
import { forgetEnrolment, readEnrolment } from "../agent/enrol/enrolment-folder.ts";
import { copiesOf, eraseReadings } from "../agent/store/erase-readings.ts";
import { openDatabase } from "../agent/store/open-database.ts";
import { AppError } from "../core/app-error.ts";
import { countedRows } from "./counted-rows.ts";
import { demandStopped } from "./demand-stopped.ts";
import { exitCode } from "./exit-code.ts";
import { readAgentConfig } from "./read-agent-config.ts";

/** Options of the command line. */
interface UnenrolOptions {
  config: string;
  erase?: true;
  json?: true;
}

/**
 * `smart-mla unenrol -c FILE [--erase] [--json]`: forgets certificate, key and pinned keys. With `--erase` the aggregator
 * deletes the home's data first, then the readings here go. The agent must be stopped.
 * @throws AppError agent-running, enrol-not-enrolled, and as eraseAtAggregator; nothing is forgotten then
 */
export async function unenrolGateway(options: UnenrolOptions, say: (line: string) => void): Promise<number> {
  const { stateFolder, databaseFile, aggregator, appliances } = readAgentConfig(options.config);
  await demandStopped(stateFolder);
  if (!existsSync(join(stateFolder, "enrolment")))
    throw new AppError(
      "enrol-not-enrolled",
      options.erase
        ? `nothing is enrolled in ${stateFolder}, so no aggregator can be asked to erase; enrol again first, or ask its operator`
        : `nothing is enrolled in ${stateFolder}; there is nothing to forget`,
    );
  let there: Record<string, number> | null = null;
  let here: Record<string, number> | null = null;
  let retainedCleared = false;
  if (options.erase) {
    const { eraseAtAggregator } = await import("../agent/enrol/enrol.ts");
    const { clearRetained } = await import("../agent/enrol/clear-retained.ts");
    there = await eraseAtAggregator(stateFolder);
    // As far as the broker answers: the aggregator no longer takes anything of this home.
    const names = appliances.map(({ name }) => name);
    if (aggregator)
      retainedCleared = await clearRetained(aggregator, names).then(
        () => true,
        () => false,
      );
    if (existsSync(databaseFile)) {
      const db = openDatabase(databaseFile);
      try {
        here = eraseReadings(db);
      } finally {
        db.close();
      }
    }
  }
  const gatewayId = idOf(stateFolder);
  forgetEnrolment(stateFolder);
  const copies = options.erase && existsSync(stateFolder) ? copiesOf(databaseFile) : [];
  if (options.json) say(JSON.stringify({ gatewayId, erasedAtAggregator: there, erasedHere: here, retainedCleared, copies }));
  else {
    if (there) say(`deleted at the aggregator: ${countedRows(there)}; settlement records stay, as the law demands`);
    if (there && !retainedCleared)
      say("the broker did not answer: what it retains of this home stays until its operator removes it");
    if (here) say(`deleted here: ${countedRows(here)}`);
    if (copies.length > 0) say(`copies that still hold readings, remove them yourself: ${copies.join(", ")}`);
    say(`${gatewayId}: certificate, key and pinned keys are forgotten`);
  }
  return exitCode.good;
}

function idOf(stateFolder: string): string {
  try {
    return readEnrolment(stateFolder)?.gatewayId ?? "gateway";
  } catch {
    // Half an enrolment can be forgotten, too.
    return "gateway";
  }
}
