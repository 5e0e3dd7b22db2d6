import { AppError } from "../../core/app-error.ts";

/** The value of --contract, lower case. @throws AppError settlement-bad-address */
export function contractOption(text: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new AppError("settlement-bad-address", `--contract ${text} is not an address of 0x and 40 hex digits`);
  return text.toLowerCase();
}
