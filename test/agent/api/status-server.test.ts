import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startStatusServer } from "../../../agent/api/status-server.ts";
import { askStatus } from "../../../cli/status.ts";
import { scratch } from "../../fake/scratch.ts";

it("answers with the failure when the status cannot be read, and goes on answering", async () => {
  const socket = join(scratch("status"), "agent.sock");
  let fails = true;
  const server = await startStatusServer(socket, () => {
    if (fails) throw new Error("database is locked");
    return { site: "Elm Street 12" };
  });
  onTestFinished(() => server.close());
  expect(await askStatus(socket)).toMatchObject({ title: "unexpected", status: 500, detail: "database is locked" });
  fails = false;
  expect(await askStatus(socket)).toEqual({ site: "Elm Street 12" });
});
