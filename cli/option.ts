import { AppError } from "../core/app-error.ts";

/** The value of an option as a whole number from 0. @throws AppError usage-bad-number */
export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new AppError("usage-bad-number", `${option} must be a whole number from 0, not "${text}"`);
  return Number(text);
}
