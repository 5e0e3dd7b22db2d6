import type { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { parseAs } from "../../core/parse-as.ts";

/** @throws AppError intake-not-json */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("intake-not-json", "the payload is not JSON", { cause });
  }
}

/** @throws AppError intake-malformed */
export const parseBody = <S extends z.ZodType>(schema: S, body: unknown): z.output<S> =>
  parseAs(schema, body, "intake-malformed");
