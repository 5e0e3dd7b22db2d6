import type { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";

/** What PostgreSQL keeps in no text, and no home has reason to say. */
const nul = "\\u0000";

/** @throws AppError intake-not-json, intake-malformed */
export function parseJson(text: string): unknown {
  if (text.includes(nul)) throw new AppError("intake-malformed", `a text holds ${nul}, expected none`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("intake-not-json", "the payload is not JSON", { cause });
  }
}

/** @throws AppError intake-malformed */
export const parseBody = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> =>
  parseAs(schema, body, "intake-malformed");
