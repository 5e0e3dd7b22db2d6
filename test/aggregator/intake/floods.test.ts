import { expect, it } from "vitest";
import { message, slotItem } from "../rows.ts";
import { flooding, intakeRoom } from "./intake-room.ts";

it("counts what floods it instead of keeping it, and takes rows again once the flood is over", async () => {
  const { take, rejected, events } = await intakeRoom();
  await Promise.all(Array.from({ length: 20_000 }, () => take("a", "meter", "garbage")));
  const { "intake-full": full = 0, ...others } = rejected.counts();
  expect(full).toBeGreaterThan(0);
  expect(full + Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(20_000);
  await take("a", "meter", message([slotItem(1, 0, 10)]));
  expect(events).toContain("stored 1");
});

it("bounds what waits in characters too, so that a flood of large messages does not fill the memory", async () => {
  const { take, rejected } = await intakeRoom();
  const large = " ".repeat(1024 * 1024);
  await Promise.all(Array.from({ length: 20 }, () => flooding.map((site) => take(site, "meter", large))).flat());
  await take("a", "meter", large);
  expect(rejected.counts()).toEqual({ "intake-not-json": 33, "intake-full": 48 });
});

it("leaves room for the others while one home floods it", async () => {
  const { take, rejected, events } = await intakeRoom();
  const flood = Array.from({ length: 20_000 }, () => take("b", "meter", "garbage"));
  const honest = take("a", "meter", message([slotItem(1, 0, 10)]));
  await Promise.all([...flood, honest]);
  expect(rejected.counts()).toEqual({ "intake-not-json": 4000, "intake-full": 16_000 });
  expect(events).toContain("stored 1");
  // And it is heard again afterwards.
  await take("b", "meter", message([slotItem(1, 0, 10)]));
  expect(events.filter((event) => event === "stored 1")).toHaveLength(2);
});
