import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { plainText } from "../../core/plain-text.ts";
import { Signature } from "../../core/message/fields.ts";
import { PriceSeries } from "../../core/message/price-series.ts";
import { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { SignedAgreement } from "../record/agreement.ts";
import { SignedGridAgreement } from "../record/grid-agreement.ts";

/**
 * One line of an archive: what an auditor needs beside the chain to recompute amounts, and to see what digests stand for.
 * Agreements and price series stand before the records that name them by their hashes. It holds meter data.
 */
export const ArchiveLine = z.discriminatedUnion("kind", [
  SignedAgreement.extend({ v: z.literal(1), kind: z.literal("agreement") }),
  SignedGridAgreement.extend({ v: z.literal(1), kind: z.literal("grid-agreement") }),
  z.strictObject({ v: z.literal(1), kind: z.literal("prices"), series: PriceSeries }),
  z.strictObject({
    v: z.literal(1),
    kind: z.literal("record"),
    record: RecordWire.strict(),
    evidence: Evidence,
    /** "0x" while one side has not signed. */
    signatureA: Signature.or(z.literal("0x")),
    signatureB: Signature.or(z.literal("0x")),
  }),
]);
export type ArchiveLine = z.infer<typeof ArchiveLine>;

/** One line of the archive, without its end. */
export function writeArchiveLine(line: ArchiveLine): string {
  return JSON.stringify(line);
}

/**
 * Reads an archive line by line; empty lines are skipped.
 * @param lines text without line ends
 * @param source named in errors, such as the file
 * @throws AppError archive-malformed with the number of the line
 */
export async function* readArchive(
  lines: AsyncIterable<string> | Iterable<string>,
  source: string,
): AsyncGenerator<{ line: number; entry: ArchiveLine }> {
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() !== "") yield { line, entry: entryOf(text, `${source}:${line}`) };
  }
}

function entryOf(text: string, where: string): ArchiveLine {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError("archive-malformed", `${where} is not JSON: ${plainText(errorMessage(cause))}`, { cause });
  }
  const checked = ArchiveLine.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AppError("archive-malformed", `${where} ${issue?.path.join(".") || "line"}: ${plainText(issue?.message ?? "")}`, {
    cause: checked.error,
  });
}
