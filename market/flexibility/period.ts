import { slotsOfLocalDay, type Slot } from "../../core/slots.ts";

/** The local day of a session, as UFTP names it. */
export interface Period {
  /** Such as "2026-10-25". */
  date: string;
  timezone: string;
  slotMinutes: 5 | 10 | 15 | 30 | 60;
}

/** Its slots: 92, 96 or 100 quarters of an hour, as daylight saving has it. */
export const slotsOf = ({ date, timezone, slotMinutes }: Period): Slot[] => slotsOfLocalDay(date, timezone, slotMinutes);
