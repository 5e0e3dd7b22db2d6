import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "../core/app-error.ts";

/** The passphrase of a keystore from its file, without the line's end. @throws AppError keystore-no-passphrase */
export function readPassphrase(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new AppError("keystore-no-passphrase", `passphrase file ${file} cannot be read: ${errorMessage(cause)}`, { cause });
  }
}
