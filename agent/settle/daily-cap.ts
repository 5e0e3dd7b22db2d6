import type { Clock } from "../../core/clock/clock.ts";
import type { RecordWire } from "../../core/message/settlement-message.ts";
import { startOfLocalDay } from "../../core/slots.ts";
import { formatMicro } from "../../core/units.ts";
import type { DailyCap } from "../config/agent-config.ts";
import type { RecordStore } from "../store/record-store.ts";

/**
 * Why a record may not be signed today; undefined where it may. What the household came to owe today is counted in the
 * journal, with all that it settles with together, so an exchange is no second purse. The journal is written before anything is
 * signed, so a restart forgets nothing. What others owe the household never counts.
 */
export function overDailyCap(
  record: Pick<RecordWire, "payer" | "amount">,
  parts: {
    cap: DailyCap | undefined;
    household: string;
    records: Pick<RecordStore, "owedSince">;
    clock: Pick<Clock, "now">;
  },
): string | undefined {
  const { cap, household, records, clock } = parts;
  if (!cap || record.payer !== household) return undefined;
  const before = records.owedSince(household, startOfLocalDay(clock.now(), cap.timezone));
  const wouldBe = before + BigInt(record.amount);
  if (wouldBe <= cap.micro) return undefined;
  return `with ${formatMicro(BigInt(record.amount))} the household would owe ${formatMicro(wouldBe)} by what is signed today, settlement.daily_cap is ${formatMicro(cap.micro)}; it is signed from tomorrow on`;
}
