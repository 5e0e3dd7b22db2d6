import { badData, tag } from "./axdr.ts";
import { cosemTimeBytes } from "./cosem-time.ts";

/** A clear data-notification taken apart; offsets into its bytes. */
export interface DataNotification {
  /** Where the 12 bytes of its date-time stand; -1 without one. */
  timeAt: number;
  /** Where the value begins that it notifies of. */
  bodyAt: number;
}

const notificationTag = 0x0f;
/** Tag, invoke id and priority. */
const headerBytes = 5;

/**
 * Takes a data-notification apart. Its date-time is an octet string without tag, as the standard has it (00, or 0C and
 * 12 bytes), or with one (09 0C), as Kaifa sends it.
 * @throws AppError han-bad-data
 * @see IEC 62056-5-3 (DataNotification)
 */
export function dataNotification(bytes: Uint8Array): DataNotification {
  if (bytes[0] !== notificationTag)
    throw badData(0, `byte 0x${(bytes[0] ?? 0).toString(16)} where a data-notification (0x0f) was expected`);
  const first = bytes[headerBytes];
  if (first === 0) return { timeAt: -1, bodyAt: headerBytes + 1 };
  const lengthAt = first === tag.octetString ? headerBytes + 1 : headerBytes;
  if (bytes[lengthAt] !== cosemTimeBytes) throw badData(headerBytes, "no date-time, nor the sign that there is none,");
  return { timeAt: lengthAt + 1, bodyAt: lengthAt + 1 + cosemTimeBytes };
}
