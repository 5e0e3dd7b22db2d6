import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { priceDesk } from "../../../aggregator/optimise/price-desk.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleSeries } from "../../settlement/fixture.ts";

const dayMs = 86_400_000;
const first = exampleSeries();
const firstMs = Date.parse(first.start);
const dayAfter = (days: number, change: Partial<PriceSeries> = {}): PriceSeries =>
  exampleSeries({ start: new Date(firstMs + days * dayMs).toISOString(), ...change });

function room(series: readonly PriceSeries[]) {
  const file = join(scratch("prices"), "prices.json");
  const write = (content: unknown): void => writeFileSync(file, JSON.stringify(content));
  write(series);
  const log = silentLog();
  return { desk: priceDesk(file, log), write, log };
}

it("gives what is new in the file, once, in the book that everybody holds", async () => {
  const { desk, write, log } = room([first]);
  const { book } = desk;
  expect(await desk.look(firstMs)).toEqual([]);
  expect(book.at(firstMs + dayMs)).toBeUndefined();
  write([first, dayAfter(1)]);
  expect(await desk.look(firstMs)).toEqual([dayAfter(1)]);
  expect(await desk.look(firstMs)).toEqual([]);
  expect(book.at(firstMs + dayMs)).toEqual(dayAfter(1));
  expect(book.series).toHaveLength(2);
  expect(book.slots(firstMs, firstMs + 2 * dayMs, 15)).toHaveLength(192);
  expect(log.lines).toEqual([]);
});

it("keeps the prices that were announced first, and says so", async () => {
  const { desk, write, log } = room([first]);
  const dearer = dayAfter(0, { importPerKwh: first.importPerKwh.map((price, step) => (step < 8 ? price : "900000")) });
  write([dearer, dayAfter(1)]);
  expect(await desk.look(firstMs)).toHaveLength(2);
  expect(desk.book.at(firstMs + dayMs / 2)).toEqual(first);
  expect(log.lines).toMatchObject([{ level: "warn", fields: { from: new Date(firstMs + 8 * 900_000).toISOString() } }]);
});

it("lives with a file that is half written or gone, says so once, and takes the next good one", async () => {
  const { desk, write, log } = room([first]);
  for (const bad of [[{ v: 1 }], [], { series: [] }]) {
    write(bad);
    expect([await desk.look(firstMs), await desk.look(firstMs)]).toEqual([[], []]);
  }
  expect(log.lines.map(({ fields }) => fields["code"])).toEqual(Array(3).fill("prices-malformed"));
  expect(desk.book.at(firstMs)).toEqual(first);
  write([dayAfter(1)]);
  expect(await desk.look(firstMs)).toEqual([dayAfter(1)]);
});

it("settles by prices that have left the file, tells homes of them for a week more, and forgets them at last", async () => {
  const { desk, write } = room([first]);
  write([dayAfter(1)]);
  await desk.look(firstMs);
  expect(desk.told(firstMs + 7 * dayMs)).toEqual([first, dayAfter(1)]);
  expect(desk.told(firstMs + 9 * dayMs)).toEqual([dayAfter(1)]);
  expect(desk.book.at(firstMs)).toEqual(first);
  write([dayAfter(1), dayAfter(50)]);
  await desk.look(firstMs + 50 * dayMs);
  expect(desk.book.at(firstMs)).toBeUndefined();
  expect(desk.told(firstMs + 50 * dayMs)).toEqual([dayAfter(1), dayAfter(50)]);
});
