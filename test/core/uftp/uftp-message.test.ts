import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askedIsps, askedSlots, ispsOf, powerOf, UftpMessage } from "../../../core/message/uftp.ts";
import { seenMessages } from "../../../core/uftp/seen-messages.ts";

describe("ISPs", () => {
  it("write runs of equal power in one, and read back as they were", () => {
    expect(ispsOf([5, 5, 0, 7])).toEqual([
      { Start: 1, Duration: 2, Power: 5 },
      { Start: 3, Duration: 1, Power: 0 },
      { Start: 4, Duration: 1, Power: 7 },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 100 }), (power) => {
        expect(powerOf(ispsOf(power), power.length)).toEqual(power);
        expect(powerOf(ispsOf(power).toReversed(), power.length)).toEqual(power);
      }),
    );
  });

  it.each([
    [
      "one twice",
      [
        { Start: 1, Duration: 2, Power: 1 },
        { Start: 2, Duration: 2, Power: 1 },
      ],
    ],
    [
      "one left out",
      [
        { Start: 1, Duration: 1, Power: 1 },
        { Start: 3, Duration: 1, Power: 1 },
      ],
    ],
    ["one beyond the period", [{ Start: 1, Duration: 4, Power: 1 }]],
  ])("with %s are no schedule", (_, isps) => expect(powerOf(isps, 3)).toBeUndefined());

  it("name what is asked for, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-1, 0, 1), { minLength: 1, maxLength: 100 }), (asked) => {
        expect(askedSlots(askedIsps(asked), asked.length)).toEqual(asked);
      }),
    );
  });
});

const revocation = {
  Message: "FlexOfferRevocation",
  Version: "3.0.0",
  SenderDomain: "agr.example",
  RecipientDomain: "dso.example",
  TimeStamp: "2026-11-30T09:00:00Z",
  MessageID: "0e9f62b5-9d5e-4a9e-8a56-5b1c9f5a3f10",
  ConversationID: "0e9f62b5-9d5e-4a9e-8a56-5b1c9f5a3f11",
  FlexOfferMessageID: "0e9f62b5-9d5e-4a9e-8a56-5b1c9f5a3f12",
};

it.each<[string, object]>([
  ["an unknown message", { Message: "FlexMagic" }],
  ["another version", { Version: "2.0.0" }],
  ["no domain", { SenderDomain: "localhost" }],
  ["a domain that is none", { SenderDomain: "agr.example/../x" }],
  ["an id that is none", { MessageID: "1" }],
  ["a time without zone", { TimeStamp: "2026-11-30T09:00:00" }],
])("refuses %s", (_, change) => {
  expect(UftpMessage.safeParse(revocation).success).toBe(true);
  expect(UftpMessage.safeParse({ ...revocation, ...change }).success).toBe(false);
});

it("remembers ids by sender until they are too old to be believed", () => {
  const seen = seenMessages([{ sender: "a.example", id: "X", digest: "1", untilMs: 10 }]);
  expect(seen.look("a.example", "x", "1")).toBe("same");
  expect(seen.look("a.example", "x", "2")).toBe("other");
  expect(seen.look("b.example", "x", "1")).toBe("new");
  seen.note("b.example", "x", "1", 20);
  seen.drop("b.example", "x");
  expect(seen.look("b.example", "x", "1")).toBe("new");
  seen.forget(10);
  expect(seen.look("a.example", "x", "1")).toBe("same");
  seen.forget(11);
  expect(seen.look("a.example", "x", "1")).toBe("new");
});
