import { z } from "zod";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import { formatMicro } from "../core/units.ts";
import { CaseFile } from "../market/flexibility/case-file.ts";
import { caseResult, type CaseResult } from "../market/flexibility/case-result.ts";
import { playCase } from "../market/flexibility/run-case.ts";
import { exitCode } from "./exit-code.ts";
import { readDocument } from "./read-document.ts";

const mostBytes = 64 * 1024 * 1024;

/** `smart-mla market rounds CASE`: plays the round protocol of grid operator and aggregators on a case, without either running. */
export async function marketRounds(
  file: string | undefined,
  options: { json?: true; schema?: true; strict?: true },
  say: (line: string) => void,
): Promise<number> {
  if (options.schema) {
    say(JSON.stringify(z.toJSONSchema(CaseFile, { io: "input", unrepresentable: "any" }), null, options.json ? 0 : 2));
    return exitCode.good;
  }
  if (file === undefined) throw new AppError("market-no-file", "name a file with a case, - for standard input, or give --schema");
  const read = await readDocument(file, {
    schema: CaseFile,
    code: "market-bad-case",
    name: "case of congestion",
    schemaVerb: "smart-mla market rounds --schema",
    mostBytes,
  });
  const result = played(read, file);
  if (options.json || !process.stdout.isTTY) say(JSON.stringify(result));
  else for (const line of forPeople(result)) say(line);
  return options.strict && result.status === "shortfall" ? exitCode.checkFailed : exitCode.good;
}

function played(read: CaseFile, file: string): CaseResult {
  try {
    return caseResult(read, playCase(read));
  } catch (error) {
    if (error instanceof AppError) throw new AppError(errorCode(error), `${file}: ${errorMessage(error)}`, { cause: error });
    throw error;
  }
}

const inUnits = (micro: string): string => formatMicro(BigInt(micro));

function* forPeople(result: CaseResult): Generator<string> {
  const { currency, status, rounds, rounds_ended: ended } = result;
  if (status === "no-congestion") yield "no limit is passed: the prognoses stand";
  else
    yield `${status === "cleared" ? "every limit is kept" : "NOT every limit is kept"} after ${rounds} rounds (${ended ?? "none"})`;
  yield `cost ${inUnits(result.cost_before_micro)} before, ${inUnits(result.cost_after_micro)} after; ${inUnits(result.paid_micro)} ${currency} paid for it`;
  for (const { name, highest_before_w: before, highest_after_w: after } of result.elements)
    yield `  ${name}: at most ${before} W before, ${after} W after`;
  for (const { message } of result.shortfall) yield `  shortfall: ${message}`;
  for (const { name, order, settlement } of result.aggregators) {
    if (order) yield `  ${name}: ordered for ${inUnits(order.price_micro)}`;
    if (settlement) yield `  ${name}: settled at ${inUnits(settlement.net_micro)} (penalty ${inUnits(settlement.penalty_micro)})`;
  }
}
