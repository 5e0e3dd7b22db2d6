import { expect, it } from "vitest";
import { keyHistory } from "../../../settlement/audit/key-history.ts";
import type { ChainEvent, EventBody } from "../../../settlement/chain/chain-events.ts";

const [owner, first, second, other] = ["1", "2", "3", "4"].map((digit) => `0x${digit.repeat(40)}`) as [
  string,
  string,
  string,
  string,
];
const day = 86_400;
const never = 2 ** 40 - 1;
let logIndex = 0;
const event = (timeS: number, body: EventBody): ChainEvent => ({
  block: timeS,
  timeS,
  transaction: "0x",
  logIndex: logIndex++,
  ...body,
});
const set = (timeS: number, signer: string | null, untilS = never) =>
  event(timeS, { name: "PartySet", owner, signer, sinceS: 100, untilS });
const ended = (timeS: number, signer: string, untilS: number, revoked: boolean) =>
  event(timeS, { name: "KeyEnded", owner, signer, untilS, revoked });

/** Registered at 100, the first key rotated out at 1000, the second revoked at 5000; the first revoked too at 9000. */
const keys = keyHistory([
  set(100, first),
  ended(1000, first, 1000, false),
  set(1000, second),
  ended(5000, second, 5000, true),
  set(5000, null),
  ended(9000, first, 1000, true),
]);

it.each<[string, string, number, number, string | undefined]>([
  ["the owner, whenever", owner, 900, 10 ** 6, undefined],
  ["the signer of that time", first, 900, 950, undefined],
  ["the signer, logged a moment before its rotation", first, 2000, 999, undefined],
  ["a signer that was rotated out after the period", first, 900, 1000, undefined],
  ["a signer that was rotated out before the period ended", first, 1001, 1001, "signer-over"],
  ["a rotated signer that was revoked later, before that", first, 1000, 8999, undefined],
  ["a rotated signer that was revoked later, after that", first, 900, 9000, "signer-over"],
  ["a signer before it was one", second, 900, 999, "signer-over"],
  ["a revoked signer whose record was logged before", second, 900, 4999, undefined],
  ["a revoked signer that back-dates", second, 900, 5000, "signer-over"],
  ["a key of nobody", other, 900, 950, "signer-foreign"],
])("%s", (_, signer, endS, loggedS, cause) => {
  expect(keys.objectSigner(owner, signer, endS, loggedS)?.cause).toBe(cause);
});

it("a rotated signer counts for 30 days", () => {
  const rotated = keyHistory([set(100, first), ended(1000, first, 1000, false), set(1000, second)]);
  expect(rotated.objectSigner(owner, first, 900, 1000 + 30 * day)).toBeUndefined();
  expect(rotated.objectSigner(owner, first, 900, 1001 + 30 * day)?.cause).toBe("signer-over");
});

it("a party may have periods while it is registered", () => {
  expect(keys.objectPeriod(owner, 100, 200)).toBeUndefined();
  expect(keys.objectPeriod(owner, 99, 200)?.cause).toBe("party-unregistered");
  expect(keys.objectPeriod(other, 100, 200)?.cause).toBe("party-unregistered");
  const retired = keyHistory([set(100, first), set(500, first, 600)]);
  expect(retired.objectPeriod(owner, 500, 600)).toBeUndefined();
  expect(retired.objectPeriod(owner, 500, 601)?.cause).toBe("party-unregistered");
});

it("says whose a key ever was", () => {
  expect([owner, first, second, other].map((key) => keys.belongs(key, owner))).toEqual([true, true, true, false]);
});
