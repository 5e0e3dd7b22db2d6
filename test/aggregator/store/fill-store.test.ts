import { expect, it } from "vitest";
import { boiler, battery } from "../plans.ts";
import { message, midnightMs, scratchStore, switchItem } from "../rows.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const storage = { kind: "tank" as const, whPerK: 200, fillLevelRange: { from: 45, to: 60 }, leakage: { wPerK: 2, ambientC: 20 } };
const at = (ms: number): string => new Date(ms).toISOString();

it("keeps the first temperature of every five minutes of a tank, and nothing of what is none", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", { ...boiler, storage });
  await store.saveResource("a", battery);
  await Promise.all(
    [0, 1, 5, 12].map((minute) =>
      store.keepFill("a", "boiler", { value: 50 + minute / 10, at: at(midnightMs + minute * minuteMs) }),
    ),
  );
  await store.keepFill("a", "battery", { value: 80, at: at(midnightMs) });
  await store.keepFill("b", "boiler", { value: 50, at: at(midnightMs) });
  expect(await store.fills("a", "boiler", midnightMs, midnightMs + dayMs)).toEqual([
    { atMs: midnightMs, value: 50 },
    { atMs: midnightMs + 5 * minuteMs, value: 50.5 },
    { atMs: midnightMs + 12 * minuteMs, value: 51.2 },
  ]);
  expect(await store.fills("a", "boiler", midnightMs + minuteMs, midnightMs + 12 * minuteMs)).toHaveLength(1);
  for (const [site, resource] of [
    ["a", "battery"],
    ["b", "boiler"],
  ] as const)
    expect(await store.fills(site, resource, 0, midnightMs + dayMs)).toEqual([]);
});

it("keeps a month of them, and none of a home that is erased", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", { ...boiler, storage });
  for (const day of [0, 20, 31, 40])
    await store.keepFill("a", "boiler", { value: 50, at: at(Date.UTC(2026, 2, 1) + day * dayMs) });
  expect(
    (await store.fills("a", "boiler", 0, midnightMs + 50 * dayMs)).map(({ atMs }) => (atMs - Date.UTC(2026, 2, 1)) / dayMs),
  ).toEqual([20, 31, 40]);
  expect(await store.eraseSite("a", midnightMs)).toMatchObject({ fill: 3 });
  expect(await store.fills("a", "boiler", 0, midnightMs + 50 * dayMs)).toEqual([]);
});

it("finds an appliance's switchings in order, with the last one before", async () => {
  const { store } = await scratchStore();
  const row = (seq: number, resource: string, quarter: number, on: boolean) => {
    const item = switchItem(seq);
    return item.kind === "switch" ? { ...item, resource, at: at(midnightMs + quarter * 15 * minuteMs), on } : expect.fail();
  };
  await store.ingest(
    "a",
    message([
      row(1, "car", -9, false),
      row(2, "car", -8, true),
      row(3, "boiler", -7, false),
      row(4, "car", 2, false),
      row(5, "car", 4, true),
    ]),
  );
  const found = await store.switchings("a", "car", midnightMs, midnightMs + 60 * minuteMs);
  expect(found).toEqual([
    { atMs: midnightMs - 120 * minuteMs, on: true },
    { atMs: midnightMs + 30 * minuteMs, on: false },
  ]);
  expect(await store.switchings("b", "car", midnightMs, midnightMs + dayMs)).toEqual([]);
});

it("keeps what ten thousand homes tell of their tanks at once", async () => {
  const { store } = await scratchStore();
  const sites = Array.from({ length: 10_000 }, (_, home) => `gw-${home}`);
  await Promise.all(sites.map((site) => store.saveResource(site, { ...boiler, storage })));
  await Promise.all(sites.map((site) => store.keepFill(site, "boiler", { value: 50, at: at(midnightMs) })));
  for (const site of ["gw-0", "gw-9999"]) expect(await store.fills(site, "boiler", 0, midnightMs + dayMs)).toHaveLength(1);
});
