import { expect, it } from "vitest";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";

it("finds the code of the nearest AppError in a chain of causes", () => {
  const inner = new AppError("inner", "the cause", { temporary: true });
  expect(inner).toMatchObject({ name: "AppError", code: "inner", temporary: true });
  expect(errorCode(new Error("outer", { cause: new Error("middle", { cause: inner }) }))).toBe("inner");
  expect(errorCode(new AppError("outer", "x", { cause: inner }))).toBe("outer");
});

it.each([new Error("x"), "text", null, undefined, 7])("calls anything else unexpected: %s", (thrown) =>
  expect(errorCode(thrown)).toBe("unexpected"),
);

it("has a message for whatever was thrown", () => {
  expect([errorMessage(new Error("one")), errorMessage("two"), errorMessage(undefined)]).toEqual(["one", "two", "undefined"]);
});
