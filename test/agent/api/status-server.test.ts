import { request } from "node:http";
import { json } from "node:stream/consumers";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startStatusServer } from "../../../agent/api/status-server.ts";
import { askStatus } from "../../../cli/status.ts";
import { scratch } from "../../fake/scratch.ts";

const ask = (socketPath: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: "/v1/status" }, (response) => resolve(json(response)));
    asking.once("error", reject).end();
  });

it("answers with the failure when the status cannot be read, and goes on answering", async () => {
  const socket = join(scratch("status"), "agent.sock");
  let fails = true;
  const server = await startStatusServer(socket, {
    status() {
      if (fails) throw new Error("database is locked");
      return { site: "Elm Street 12" };
    },
    setOverride: () => undefined,
    clearOverride: () => undefined,
  });
  onTestFinished(() => server.close());
  expect(await ask(socket)).toMatchObject({ title: "unexpected", status: 500, detail: "database is locked" });
  await expect(askStatus(socket)).rejects.toMatchObject({
    code: "agent-unreachable",
    message: expect.stringMatching(/500.*database is locked/),
  });
  fails = false;
  expect(await ask(socket)).toEqual({ site: "Elm Street 12" });
});
