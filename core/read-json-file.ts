import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "./app-error.ts";

/** What a JSON file holds, for a schema to check. @throws AppError of the given code where it is unreadable or no JSON */
export function readJsonFile(file: string, code: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError(code, `${file} cannot be read as JSON: ${errorMessage(cause)}`, { cause });
  }
}
