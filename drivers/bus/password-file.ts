import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "../../core/app-error.ts";

/** The password in a file, without the line's end. @throws AppError password-file-unreadable, also where it is empty */
export function readPassword(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("password-file-unreadable", `${file} cannot be read: ${errorMessage(cause)}; check path, mode and group`, {
      cause,
    });
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new AppError("password-file-unreadable", `${file} is empty; write the password into it`);
  return password;
}
