import { expect, it } from "vitest";
import { until } from "../fake/until.ts";
import { gatewayProcess } from "./gateway-process.ts";

it(
  "switches on at once for a boost, keeps it over a restart, and goes back when it is taken back",
  { timeout: 90_000 },
  async () => {
    const { board, start, ready, ask } = await gatewayProcess();
    const first = start();
    await ready(first);
    expect(board.coils.get(3) ?? false).toBe(false);
    expect(await ask("override", "boost", "boiler", "--for", "2h")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^boiler: boost until \w{3} \d+ \w{3} \d\d:\d\d \(\d{4}-[^ ]*Z\)$/m),
    });
    await until("the boiler is on", () => board.coils.get(3) === true, 20_000);
    expect((await ask("status")).out).toMatch(/^boiler: on \(2000 W\), boost until [^\n]*\n[\s\S]*override: boiler boost until/m);
    first.child.kill("SIGTERM");
    await first.ended;
    expect(board.coils.get(3)).toBe(false);
    const second = start();
    await ready(second);
    await until("the boiler is on again", () => board.coils.get(3) === true, 20_000);
    expect((await ask("override", "clear", "boiler")).code).toBe(0);
    await until("the boiler is off", () => board.coils.get(3) === false, 20_000);
    expect((await ask("status")).out).not.toContain("override:");
    second.child.kill("SIGTERM");
    await second.ended;
  },
);

it.each<[string, string[], string]>([
  ["an appliance that is not there", ["boost", "sauna", "--for", "1h"], "override-unknown-resource"],
  ["an end that is past", ["pause", "boiler", "--until", "2020-01-01T00:00:00Z"], "override-bad-end"],
  ["no end", ["pause", "boiler"], "usage-bad-time"],
  ["two ends", ["pause", "boiler", "--for", "1h", "--until", "2030-01-01T00:00:00Z"], "usage-bad-time"],
  ["a length that is none", ["boost", "boiler", "--for", "soon"], "usage-bad-time"],
  ["an instant that is none", ["boost", "boiler", "--until", "noon"], "usage-bad-time"],
])("refuses %s", { timeout: 60_000 }, async (_, args, code) => {
  const { start, ready, ask } = await gatewayProcess();
  const running = start();
  await ready(running);
  const result = await ask("override", ...args);
  expect(result).toMatchObject({ code: 2, out: "" });
  expect(result.err).toContain(code);
  running.child.kill("SIGTERM");
  await running.ended;
});

it("says that no agent runs", async () => {
  const { ask } = await gatewayProcess();
  expect(await ask("override", "boost", "boiler", "--for", "1h")).toMatchObject({
    code: 3,
    err: expect.stringContaining("agent-unreachable"),
  });
});
