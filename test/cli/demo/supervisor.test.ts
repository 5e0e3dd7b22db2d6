import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { supervisor } from "../../../cli/demo/supervisor.ts";
import { scratch } from "../../fake/scratch.ts";

/** Supervises programs that are made of the given source text. */
function supervising(source: string) {
  const folder = scratch("supervisor");
  const cli = join(folder, "cli.mjs");
  writeFileSync(cli, source);
  mkdirSync(join(folder, "logs"));
  const deaths: string[] = [];
  const programs = supervisor({
    cli,
    logFolder: join(folder, "logs"),
    cacheFolder: join(folder, "cache"),
    onDeath: (name, by) => deaths.push(`${name} ${by}`),
    onRestart: () => undefined,
  });
  onTestFinished(() => programs.stop());
  return { programs, deaths };
}

const ready = `console.log(JSON.stringify({ kind: "ready" }));`;

it("starts what died again, and gives up what dies again and again", { timeout: 30_000 }, async () => {
  const { programs, deaths } = supervising(`${ready} setTimeout(() => process.exit(7), 20);`);
  await programs.start({ name: "house", args: [] });
  const error = await programs.hopeless.catch((reason: unknown) => reason);
  expect(errorCode(error)).toBe("demo-program-died");
  expect(error).toHaveProperty("message", expect.stringContaining("house died 5 times in a minute (exit code 7); see house.log"));
  expect(deaths).toEqual(Array(5).fill("house exit code 7"));
});

it("says of a program that never gets ready why", async () => {
  const { programs } = supervising("process.exit(3);");
  const error = await programs.start({ name: "chain", args: [] }).catch((reason: unknown) => reason);
  expect(error).toHaveProperty("message", expect.stringContaining("chain ended (exit code 3) before it was ready"));
});

it("ends everything when it is stopped", async () => {
  const { programs, deaths } = supervising(`${ready} process.stdin.resume(); process.on("SIGTERM", () => process.exit(0));`);
  await programs.start({ name: "broker", args: [] });
  expect([...programs.pids().keys()]).toEqual(["broker"]);
  await programs.stop();
  expect([[...programs.pids()], deaths]).toEqual([[], []]);
});
