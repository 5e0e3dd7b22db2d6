import { expect, it } from "vitest";
import { cosemTimeAt } from "../../../../drivers/meter/han/cosem-time.ts";
import { dateTime } from "../../../fake/han-list.ts";

const bySt = { summer: "status", zeroIsUnknown: false } as const;
const byCalendar = { summer: "calendar", zeroIsUnknown: false } as const;
const aidonClock = { summer: "status", zeroIsUnknown: true } as const;
const iso = (
  bytes: Uint8Array,
  habit: Parameters<typeof cosemTimeAt>[3] = bySt,
  zone: "WET" | "CET" | "EET" = "CET",
): string | null => {
  const ms = cosemTimeAt(bytes, 0, zone, habit);
  return ms === null ? null : new Date(ms).toISOString().replace(".000", "");
};

it.each<[string, string | null, string | null]>([
  ["a deviation of an hour", iso(dateTime("2025-01-15T10:00:05", { deviation: -60 })), "2025-01-15T09:00:05Z"],
  [
    "a deviation that has summer time in it",
    iso(dateTime("2025-07-01T10:00:00", { deviation: -120, status: 0x80 })),
    "2025-07-01T08:00:00Z",
  ],
  ["a deviation of nothing", iso(dateTime("2025-07-01T10:00:00", { deviation: 0 })), "2025-07-01T10:00:00Z"],
  [
    "a deviation of nothing by Aidon: winter time",
    iso(dateTime("2025-07-01T10:00:00", { deviation: 0 }), aidonClock),
    "2025-07-01T09:00:00Z",
  ],
  ["no deviation: the zone's winter time", iso(dateTime("2025-07-01T10:00:00")), "2025-07-01T09:00:00Z"],
  ["no deviation in Finland", iso(dateTime("2025-07-01T10:00:00"), bySt, "EET"), "2025-07-01T08:00:00Z"],
  ["no deviation, the summer bit set", iso(dateTime("2025-07-01T10:00:00", { status: 0x80 })), "2025-07-01T08:00:00Z"],
  [
    "no deviation, a status that is not specified",
    iso(dateTime("2025-12-16T07:59:40", { status: 0xff })),
    "2025-12-16T06:59:40Z",
  ],
  ["the calendar in summer", iso(dateTime("2025-07-01T10:00:00"), byCalendar), "2025-07-01T08:00:00Z"],
  ["the calendar in winter", iso(dateTime("2025-11-01T10:00:00"), byCalendar), "2025-11-01T09:00:00Z"],
  ["the calendar before the change of March", iso(dateTime("2025-03-30T01:59:59"), byCalendar), "2025-03-30T00:59:59Z"],
  ["the calendar after it", iso(dateTime("2025-03-30T03:00:00"), byCalendar), "2025-03-30T01:00:00Z"],
  ["the calendar before the change of October", iso(dateTime("2025-10-26T01:59:59"), byCalendar), "2025-10-25T23:59:59Z"],
  ["the calendar after it", iso(dateTime("2025-10-26T03:00:00"), byCalendar), "2025-10-26T02:00:00Z"],
  ["the hour that comes twice, where nothing tells which", iso(dateTime("2025-10-26T02:30:00"), byCalendar), null],
  ["the first of the two by its status", iso(dateTime("2025-10-26T02:30:00", { status: 0x80 })), "2025-10-26T00:30:00Z"],
  ["the second", iso(dateTime("2025-10-26T02:30:00")), "2025-10-26T01:30:00Z"],
  [
    "seconds that are not specified",
    iso(Buffer.from("07e907010210 00ff ff800000".replaceAll(" ", ""), "hex")),
    "2025-07-01T15:00:00Z",
  ],
  ["a clock that was never set", iso(dateTime("2000-01-01T22:33:00")), null],
  ["1970", iso(dateTime("1970-01-01T00:00:00")), null],
  ["all wildcards", iso(Buffer.alloc(12, 0xff)), null],
  ["zeros", iso(Buffer.alloc(12)), null],
  ["a status that says invalid", iso(dateTime("2025-07-01T10:00:00", { status: 0x01 })), null],
  [
    "a status that says doubtful, as after a power failure",
    iso(dateTime("2025-01-15T10:00:00", { status: 0x02 })),
    "2025-01-15T09:00:00Z",
  ],
  ["the 31st of June", iso(dateTime("2025-06-31T10:00:00")), null],
  ["the 29th of February", iso(dateTime("2024-02-29T10:00:00")), "2024-02-29T09:00:00Z"],
  ["the 29th of a February that has 28", iso(dateTime("2025-02-29T10:00:00")), null],
  ["25 o'clock", iso(dateTime("2025-07-01T25:00:00")), null],
  ["a deviation of a day", iso(dateTime("2025-07-01T10:00:00", { deviation: 1440 })), null],
  ["too few bytes", iso(dateTime("2025-07-01T10:00:00").subarray(0, 11)), null],
])("%s", (_, found, expected) => expect(found).toBe(expected));
