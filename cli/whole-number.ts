import { AppError } from "../core/app-error.ts";

/** The value of an option as a whole number from 0. @throws AppError usage-bad-number */
export function wholeNumber(option: string, text: string, { least = 0, most = Number.MAX_SAFE_INTEGER } = {}): number {
  if (!/^\d{1,15}$/.test(text)) throw new AppError("usage-bad-number", `${option} must be a whole number from 0, not "${text}"`);
  const value = Number(text);
  if (value < least || value > most)
    throw new AppError("usage-bad-number", `${option} must be from ${least} to ${most}, not ${text}`);
  return value;
}
