import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";

/** Processes whose command line names a folder: children of a demo that keeps its files there. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(folder) ? [command] : [];
      } catch {
        return [];
      }
    });
}

function startDemo(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, ["dist/main.js", "demo", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (out.stderr += text));
  return { child, out };
}

it("keeps every promise with three homes, says so in its last line and leaves nothing behind", { timeout: 600_000 }, async () => {
  const folder = scratch("demo");
  const { child, out } = startDemo(folder, ["--homes", "3", "--seed", "1", "--once", "--json"]);
  const [code] = (await once(child, "exit")) as [number];
  expect(out.stderr).toContain("everything promised happened");
  const result = JSON.parse(out.stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
  expect(result).toMatchObject({ homes: 3, tamperedRejected: true, constraintsMet: true });
  expect(result["readingsDelivered"]).toBe(result["readings"]);
  expect(result["settlementsVerified"]).toBe(result["settlementsOnChain"]);
  expect(Number(result["settlementsOnChain"])).toBeGreaterThanOrEqual(75);
  // The homes have traded with each other, and each trade is settled with both.
  expect(Number(result["trades"])).toBeGreaterThan(5);
  expect(Number(result["tradeRecordsOnChain"])).toBeGreaterThan(10);
  expect(result["tradeRecordsVerified"]).toBe(result["tradeRecordsOnChain"]);
  // A grid operator has bought what keeps their street under its limit, as metered, and both have signed what it came to.
  const watts = (name: string): number => Number(result[name]);
  expect(watts("gridPlannedW")).toBeGreaterThan(watts("gridLimitW"));
  expect(watts("gridHighestW")).toBeLessThanOrEqual(watts("gridLimitW"));
  expect(watts("flexHighestW")).toBeLessThanOrEqual(watts("gridHighestW"));
  expect(watts("flexHighestW")).toBeGreaterThan(0);
  expect(Number(result["flexRounds"])).toBeGreaterThan(1);
  expect(Number(result["flexOrderedWh"])).toBeGreaterThan(1000);
  expect(Number(result["flexDeliveredWh"])).toBeGreaterThan(0.9 * Number(result["flexOrderedWh"]));
  expect(Number(result["flexPaidMicro"])).toBeGreaterThan(0);
  expect(result["flexRecordsVerified"]).toBe(1);
  expect(out.stderr).toMatch(/grid operator: 19500 W for the street.* [1-9]\d* Wh ordered for/);
  expect(out.stderr).toMatch(/exchange: [1-9]\d* Wh traded in/);
  expect(Number(result["commands"])).toBeGreaterThan(0);
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
  expect(processesOf(folder)).toEqual([]);
});

it.each(["SIGINT", "SIGKILL"] as const)(
  "leaves no process behind after %s in the middle",
  { timeout: 120_000 },
  async (signal) => {
    const folder = scratch("demo");
    const { child, out } = startDemo(folder, ["--homes", "2"]);
    await until("the homes run", () => out.stdout.includes("settlement contract"), 60_000);
    expect(processesOf(folder).length).toBeGreaterThan(2);
    child.kill(signal);
    await once(child, "exit");
    await until("all children are gone", () => processesOf(folder).length === 0, 20_000);
    // Killed outright nobody is left to remove the files; asked to stop, the demo does it itself.
    if (signal === "SIGINT") expect(readdirSync(folder)).toEqual([]);
  },
);

it.each<[string, (child: ReturnType<typeof startDemo>["child"]) => void]>([
  ["its terminal goes away", (child) => child.kill("SIGHUP")],
  ["nobody reads what it prints", (child) => child.stdout.destroy()],
  [
    "an impatient hand presses Ctrl-C twice",
    (child) => {
      child.kill("SIGINT");
      child.kill("SIGINT");
    },
  ],
])("leaves no file and no process behind when %s", { timeout: 60_000 }, async (_, interrupt) => {
  const folder = scratch("demo-end");
  const { child, out } = startDemo(folder, ["--homes", "1"]);
  await until("its first programs run", () => out.stdout.includes("registering"), 30_000);
  interrupt(child);
  await once(child, "exit");
  await until("its children are gone", () => processesOf(folder).length === 0, 15_000);
  expect(readdirSync(folder)).toEqual([]);
});
