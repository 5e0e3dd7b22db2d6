import { z } from "zod";
import { AppError } from "./app-error.ts";

/**
 * What came from outside, as a schema has it.
 * @param code stable code of the error, such as receipt-malformed
 * @param source named in the message, such as a file
 * @throws AppError of that code, with every field that is wrong
 */
export function parseAs<S extends z.ZodType>(schema: S, value: unknown, code: string, source?: string): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const issues = z.prettifyError(checked.error);
  throw new AppError(code, source === undefined ? issues : `${source}: ${issues}`, { cause: checked.error });
}
