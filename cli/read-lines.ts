import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { AppError, errorMessage } from "../core/app-error.ts";

/** The lines of a text file, one after the other, however long it is. @throws AppError input-unreadable */
export async function* readLines(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity });
  } catch (cause) {
    throw new AppError("input-unreadable", `${file} cannot be read (${errorMessage(cause)})`, { cause });
  }
}
