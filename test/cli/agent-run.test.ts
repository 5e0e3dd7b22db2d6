import { expect, it } from "vitest";
import { until } from "../fake/until.ts";
import { gatewayProcess } from "./gateway-process.ts";

it("runs once with a state folder: another one beside it switches nothing and ends, and after kill -9 the next one may", async () => {
  const { start, ready, ask, board } = await gatewayProcess();
  const first = start();
  await ready(first);
  await ask("override", "boost", "boiler", "--for", "1h");
  await until("the boiler is on", () => board.coils.get(3) === true, 20_000);
  const before = board.writes.length;
  const second = start();
  expect(await second.ended).toMatchObject({ code: 3, err: expect.stringMatching(/^agent-running: /m) as string });
  expect(board.writes.length).toBe(before);
  expect((await ask("status")).code).toBe(0);
  first.child.kill("SIGKILL");
  await first.ended;
  const third = start();
  await ready(third);
  expect((await ask("status")).code).toBe(0);
}, 90_000);
