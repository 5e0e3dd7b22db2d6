import { expect, it } from "vitest";
import { boiler, statusOf } from "../plans.ts";
import { bootOne as boot, message, slotItem } from "../rows.ts";
import { flooding, room } from "./intake-room.ts";

it("counts what floods it instead of keeping it, and takes rows again once the flood is over", async () => {
  const { take, rejected, events } = await room();
  await Promise.all(Array.from({ length: 20_000 }, () => take("a", "meter", "garbage")));
  const { "intake-full": full = 0, ...others } = rejected.counts();
  expect(full).toBeGreaterThan(0);
  expect(full + Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(20_000);
  await take("a", "meter", message([slotItem(1, 0, 10)]));
  expect(events).toContain("stored 1");
});

it("bounds what waits in characters too, so that a flood of large messages does not fill the memory", async () => {
  const { take, rejected } = await room();
  const large = " ".repeat(1024 * 1024);
  await Promise.all(Array.from({ length: 20 }, () => flooding.map((site) => take(site, "meter", large))).flat());
  await take("a", "meter", large);
  expect(rejected.counts()).toEqual({ "intake-not-json": 33, "intake-full": 48 });
});

it("leaves room for the others while one home floods it", async () => {
  const { take, rejected, events } = await room();
  const flood = Array.from({ length: 20_000 }, () => take("b", "meter", "garbage"));
  const honest = take("a", "meter", message([slotItem(1, 0, 10)]));
  await Promise.all([...flood, honest]);
  expect(rejected.counts()).toEqual({ "intake-not-json": 4000, "intake-full": 16_000 });
  expect(events).toContain("stored 1");
  // And it is heard again afterwards.
  await take("b", "meter", message([slotItem(1, 0, 10)]));
  expect(events.filter((event) => event === "stored 1")).toHaveLength(2);
});

it("keeps the first 64 appliances of a home and refuses what it says of more, also after a restart", async () => {
  const first = await room();
  const names = Array.from({ length: 70 }, (_, at) => `heater-${at}`);
  for (const [at, resource] of names.entries())
    if (at % 2 === 0) await first.take("a", `resource/${resource}`, { ...boiler, resource });
    else await first.take("a", `status/${resource}`, statusOf(resource, 0));
  expect(first.rejected.counts()).toEqual({ "intake-too-many-resources": 6 });
  const again = await room({ store: first.store });
  await again.take("a", "resource/one-more", { ...boiler, resource: "one-more" });
  await again.take("a", "ack/x", { v: 1, plan: boot, resource: "another", at: "2026-03-01T23:00:01Z", status: "ACCEPTED" });
  await again.take("a", "resource/heater-0", { ...boiler, resource: "heater-0", minOnS: 1 });
  await again.take("b", "resource/heater-99", { ...boiler, resource: "heater-99" });
  expect(again.rejected.counts()).toEqual({ "intake-too-many-resources": 2 });
  expect(again.events).toEqual(["a has a resource", "b has a resource"]);
  expect((await first.store.resources("a")).find(({ resource }) => resource === "heater-0")?.minOnS).toBe(1);
});

it("does not fill the log with an appliance that rejects everything", async () => {
  const { take, log } = await room();
  for (const name of ["boiler", "car"])
    for (let turn = 0; turn < 50; turn++)
      await take("a", "ack/x", { v: 1, plan: boot, resource: name, at: "2026-03-01T23:00:01Z", status: "REJECTED" });
  expect(log.lines.map(({ fields }) => fields["resource"])).toEqual(["boiler", "car"]);
});
