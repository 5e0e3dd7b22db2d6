import { expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { acceptOverride } from "../../../agent/plan/accept-override.ts";

const nowMs = Date.parse("2026-05-01T10:00:00Z");
const hourMs = 3_600_000;
const request = (change: object) => ({ resource: "boiler", mode: "boost", untilMs: nowMs + hourMs, ...change });
const codeOf = (change: object): string => {
  try {
    acceptOverride(request(change), ["boiler", "car"], nowMs);
    return "accepted";
  } catch (error) {
    return errorCode(error);
  }
};

it("takes what a resident asks for from now on", () => {
  expect(acceptOverride(request({}), ["boiler"], nowMs)).toEqual({
    resource: "boiler",
    mode: "boost",
    fromMs: nowMs,
    untilMs: nowMs + hourMs,
  });
});

it.each<[string, object, string]>([
  ["an appliance that is not there", { resource: "sauna" }, "override-unknown-resource"],
  ["a mode that is none", { mode: "turbo" }, "override-malformed"],
  ["a key that is not known", { force: true }, "override-malformed"],
  ["an end that is past", { untilMs: nowMs }, "override-bad-end"],
  ["a boost for longer than a day", { untilMs: nowMs + 24 * hourMs + 1 }, "override-bad-end"],
  ["a pause for longer than a week", { mode: "pause", untilMs: nowMs + 7 * 24 * hourMs + 1 }, "override-bad-end"],
  ["an end that no clock can show", { mode: "holiday", untilMs: 8.7e15 }, "override-malformed"],
  ["an end that is no instant", { untilMs: "tomorrow" }, "override-malformed"],
])("refuses %s", (_, change, code) => expect(codeOf(change)).toBe(code));

it("lets a holiday be long", () => expect(codeOf({ mode: "holiday", untilMs: nowMs + 60 * 24 * hourMs })).toBe("accepted"));
