import type { Verdict } from "../../settlement/verify/verdict.ts";
import { exitCode } from "../exit-code.ts";

/** What a verb exits with that came to a verdict. */
export const verdictCode: Record<Verdict, number> = {
  good: exitCode.good,
  bad: exitCode.checkFailed,
  unknown: exitCode.unreachable,
};
