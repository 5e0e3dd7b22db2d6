import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { watchDatabase } from "../../../agent/store/watch-database.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { scratch } from "../../fake/scratch.ts";

function watching() {
  const file = join(scratch("watch"), "data.db");
  writeFileSync(file, "database");
  const clock = fakeClock(0);
  const told: string[] = [];
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  watchDatabase({ file, clock, gone: ({ code, message }) => told.push(`${code} ${message}`), signal: ending.signal });
  return { file, clock, told };
}

it("says nothing while the file is the one that was opened, however it changes", async () => {
  const { file, clock, told } = watching();
  writeFileSync(file, "more in it");
  await clock.advance(3_600_000);
  expect(told).toEqual([]);
});

it("says once that the file was deleted", async () => {
  const { file, clock, told } = watching();
  rmSync(file);
  await clock.advance(3_600_000);
  expect(told).toEqual([`store-gone database ${file} was deleted while the agent ran; it starts anew`]);
});

it("says once that another file stands in its place", async () => {
  const { file, clock, told } = watching();
  writeFileSync(`${file}.new`, "restored");
  renameSync(`${file}.new`, file);
  await clock.advance(3_600_000);
  expect(told).toEqual([expect.stringContaining("was replaced")]);
});
