import { AppError } from "../../core/app-error.ts";

/**
 * Records of two parties are numbered in one row, on chain too: two contracts of the same two would both give out the next number.
 * @param terms contracts by the name of who has it
 * @throws AppError agreement-twice
 */
export function demandOwnPairs(terms: Iterable<readonly [name: string, terms: { a: string; b: string }]>): void {
  const names = new Map<string, string>();
  for (const [name, { a, b }] of terms) {
    const other = names.get(`${a} ${b}`);
    if (other !== undefined)
      throw new AppError(
        "agreement-twice",
        `the agreements of ${other} and ${name} are of the same two parties, ${a} and ${b}; each needs an owner address of its own`,
      );
    names.set(`${a} ${b}`, name);
  }
}
