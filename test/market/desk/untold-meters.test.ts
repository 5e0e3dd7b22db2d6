import { expect, it } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import { deskRig, slotMs } from "./desk-rig.ts";

const lengthMs = 900_000;
const dayMs = 86_400_000;

/** A slot some quarters of an hour after the first one. */
const slotAt = (index: number, days = 0) => {
  const startMs = slotMs + index * lengthMs + days * dayMs;
  return { start: iso(startMs), end: iso(startMs + lengthMs) };
};
const orderAt = (index: number, days = 0) => {
  const slot = slotAt(index, days);
  return { ...slot, orderId: `o${days}-${index}`, validUntil: slot.start, wh: 100 };
};

it("lets nobody trade on who does not tell what its meter shows: not by new orders, nor by those that stand", async () => {
  const rig = await deskRig(["roof", "car"]);
  const [roof, car] = rig.traders;
  if (!roof || !car) throw new Error("two traders were asked for");
  const buying = { side: "buy" as const, limit: "250000" };
  await rig.forecast(roof, 1500);
  await rig.forecast(car, -1500);
  const slots = Array.from({ length: 9 }, (_, index) => index);
  for (const index of slots) {
    expect(await rig.place(roof, orderAt(index))).toBe("taken");
    expect(await rig.place(car, { ...orderAt(index), ...buying })).toBe("taken");
  }
  await rig.at("2026-06-10T10:36:00Z");
  expect((await rig.results()).items).toHaveLength(slots.length);
  const tell = async (who: typeof roof) =>
    rig.talk(
      who,
      [],
      slots.map((index) => ({ ...slotAt(index), importWh: 100, exportWh: 0 })),
    );
  // Two days later the first of them is still in time.
  await rig.at("2026-06-12T10:31:00Z");
  await tell(car);
  await rig.forecast(roof, 1500, "2026-06-12T10:30:00Z");
  await rig.forecast(car, -1500, "2026-06-12T10:30:00Z");
  expect(await rig.place(roof, orderAt(20, 2))).toBe("taken");
  expect(await rig.place(car, { ...orderAt(20, 2), ...buying })).toBe("taken");
  // The auction of 13:35 finds that the roof has told nothing for too long.
  await rig.clock.advance(3 * 3_600_000);
  await rig.at("2026-06-12T13:36:00Z");
  expect((await rig.results()).items).toHaveLength(slots.length);
  expect(await rig.place(roof, orderAt(21, 2))).toBe("market-order-unmetered");
  expect(await rig.place(car, { ...orderAt(21, 2), ...buying })).toBe("taken");
  await tell(roof);
  expect(await rig.place(roof, orderAt(21, 2))).toBe("taken");
  await rig.at("2026-06-12T13:41:00Z");
  expect((await rig.results()).items).toHaveLength(slots.length + 2);
});
