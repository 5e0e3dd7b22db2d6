import { expect, it } from "vitest";
import { holdDatabase } from "../../fake/hold-database.ts";
import { until } from "../../fake/until.ts";
import { scratchPlace } from "../rows.ts";
import { slowRoom } from "./slow-room.ts";

const homesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `gw-${at}`);

it("holds what homes send while another program has the database, reads no more than it can hold, and goes on when that is over", async () => {
  const place = await scratchPlace();
  const sites = homesOf(40);
  const rowsEach = 300;
  const { kept, time, slow, inbound, give, receipted, rejected, named, answers, untrue, asked } = await slowRoom(place, sites);
  await Promise.all(sites.map((site) => give(site, 1)));
  const held = await holdDatabase(place);
  const given: Promise<void>[] = [];
  // As the link to the broker: nothing more is read while the intake says so.
  const rows = sites.flatMap((site) => Array.from({ length: rowsEach - 1 }, (_, at) => [site, at + 2] as const));
  let next = 0;
  for (; next < rows.length && !inbound.room(); next++) given.push(give(...(rows[next] as (typeof rows)[number])));
  expect(next).toBe(8000);
  // Homes that miss their receipts send again.
  for (let at = 0; at < 500; at++) given.push(give(...(rows[at] as (typeof rows)[number])));
  await until("rows wait for the database", () => asked() > sites.length);
  slow.look();
  expect(named()).toEqual([]);
  time.elapsedMs += 15_000;
  slow.look();
  slow.look();
  expect(slow.waitsMs()).toBe(15_000);
  expect(named()).toEqual(["the database does not answer; homes get no receipts until it does"]);
  expect([...receipted.values()].every((seq) => seq === 1)).toBe(true);
  let turns = 0;
  const turning = setInterval(() => turns++, 10);
  await until("the process goes on meanwhile", () => turns > 30);
  clearInterval(turning);
  await held.release();
  await Promise.all(given);
  expect(inbound.room()).toBeNull();
  await Promise.all(rows.slice(next).map(([site, seq]) => give(site, seq)));
  slow.look();
  expect(answers()).toBe(1);
  expect((await kept.itemCounts()).map((one) => one.rows)).toEqual(sites.map(() => rowsEach));
  expect(sites.map((site) => receipted.get(site))).toEqual(sites.map(() => rowsEach));
  expect([untrue(), rejected.counts()]).toEqual([0, {}]);
});
