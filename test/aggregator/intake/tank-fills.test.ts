import { expect, it } from "vitest";
import { boiler, statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";
import { intakeRoom } from "./intake-room.ts";

it("keeps how warm a tank was, where it was so just now", async () => {
  const { store, take, events } = await intakeRoom();
  const storage = {
    kind: "tank" as const,
    whPerK: 200,
    fillLevelRange: { from: 45, to: 60 },
    leakage: { wPerK: 2, ambientC: 20 },
  };
  await take("a", "resource/boiler", { ...boiler, storage });
  for (const minutes of [-50, -10, 50]) {
    const at = new Date(midnightMs + minutes * 60_000).toISOString();
    await take("a", "status/boiler", { ...statusOf("boiler", 12), fillLevel: { value: 50, at } });
  }
  expect(await store.fills("a", "boiler", 0, midnightMs * 2)).toEqual([{ atMs: midnightMs - 600_000, value: 50 }]);
  expect(events.filter((event) => event === "a tells of boiler")).toHaveLength(3);
});
