import type { Result } from "ethers/abi";
import { iso } from "../../core/clock/clock.ts";
import { recordKinds, RecordWire } from "../../core/message/settlement-message.ts";

/** The last second that can be written as a date. */
const lastSecond = 253_402_300_799;

/** A record as `publish` logged it, head and body; null where it says what no record can say, such as a kind that is none. */
export function publishedRecord(head: Result, body: Result): RecordWire | null {
  const text = (from: Result, field: string): string => String(from[field]).toLowerCase();
  const instant = (from: Result, field: string): string | null => {
    const seconds = Number(from[field]);
    return seconds > lastSecond ? null : iso(seconds * 1000);
  };
  const checked = RecordWire.safeParse({
    a: text(head, "a"),
    b: text(head, "b"),
    seq: Number(head["seq"]),
    start: instant(head, "start"),
    end: instant(head, "end"),
    cumA: text(head, "cumA"),
    cumB: text(head, "cumB"),
    salt: text(body, "salt"),
    kind: recordKinds[Number(body["kind"])],
    payer: text(body, "payer"),
    time: instant(body, "time"),
    wh: Number(body["wh"]),
    amount: text(body, "amount"),
    prices: text(body, "prices"),
    agreement: text(body, "agreement"),
    ref: text(body, "ref"),
    prev: text(body, "prev"),
  });
  return checked.data ?? null;
}
