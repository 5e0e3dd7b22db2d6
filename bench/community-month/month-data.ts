import { join } from "node:path";
import { missingFiles, type TrialData, trialData } from "../real-prices/trial-data.ts";
import { madeData } from "./made-data.ts";

const folder = join(import.meta.dirname, "../../../shared/data");

/** Real data where they lie beside the checkout, made ones otherwise. */
export function monthData(startMs: number, days: number): { data: TrialData; isReal: boolean } {
  const isReal = missingFiles(folder).length === 0;
  return { data: isReal ? trialData(folder, "DE-LU") : madeData(startMs, days), isReal };
}
