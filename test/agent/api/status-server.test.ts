import { request } from "node:http";
import { json } from "node:stream/consumers";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startStatusServer } from "../../../agent/api/status-server.ts";
import { AppError } from "../../../core/app-error.ts";
import { askAgent, type Ask } from "../../../cli/ask-agent.ts";
import { askStatus } from "../../../cli/status.ts";
import { agentApi } from "../../fake/agent-api.ts";
import { scratch } from "../../fake/scratch.ts";

const ask = (socketPath: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: "/v1/status" }, (response) => resolve(json(response)));
    asking.once("error", reject).end();
  });

it("answers with the failure when the status cannot be read, and goes on answering", async () => {
  const socket = join(scratch("status"), "agent.sock");
  let fails = true;
  const status = (): unknown => {
    if (fails) throw new Error("database is locked");
    return { site: "Elm Street 12" };
  };
  const server = await startStatusServer(socket, agentApi({ status }));
  onTestFinished(() => server.close());
  expect(await ask(socket)).toMatchObject({ title: "unexpected", status: 500, detail: "database is locked" });
  await expect(askStatus(socket)).rejects.toMatchObject({
    code: "agent-unreachable",
    message: expect.stringMatching(/500.*database is locked/),
  });
  fails = false;
  expect(await ask(socket)).toEqual({ site: "Elm Street 12" });
});

it("hands each path on, with the status that fits what was wrong", async () => {
  const socket = join(scratch("status"), "agent.sock");
  const refuse = (code: string) => (): never => {
    throw new AppError(code, "no");
  };
  const api = agentApi({
    meter: (name) => ({ name }),
    schedule: () => ({ site: "Elm Street 12" }),
    setOverride: refuse("override-bad-end"),
    testRelay: (body) => Promise.resolve(body),
  });
  const server = await startStatusServer(socket, api);
  onTestFinished(() => server.close());
  const asked = async (method: Ask["method"], path: string, body?: unknown): Promise<unknown> => {
    const { statusCode, body: said } = await askAgent(socket, { method, path, body });
    return [statusCode, said];
  };
  expect(await asked("GET", "/v1/meters/grid")).toEqual([200, { name: "grid" }]);
  expect(await asked("GET", "/v1/schedule")).toEqual([200, { site: "Elm Street 12" }]);
  expect(await asked("POST", "/v1/relay-test", { relay: "r1" })).toEqual([200, { relay: "r1" }]);
  expect(await asked("PUT", "/v1/override", {})).toMatchObject([400, { title: "override-bad-end" }]);
  expect(await asked("POST", "/v1/relay-test")).toMatchObject([400, { title: "request-malformed" }]);
  expect(await asked("POST", "/v1/relay-test", "x".repeat(5000))).toMatchObject([400, { title: "request-malformed" }]);
  for (const path of ["/v1/meters/", "/v1/meters/a/b", "/v1/meters/%41", "/v1/status/x", "/"])
    expect(await asked("GET", path)).toMatchObject([404, { title: "unknown-path" }]);
  api.testRelay = refuse("relay-test-refused");
  expect(await asked("POST", "/v1/relay-test", {})).toMatchObject([409, { title: "relay-test-refused", detail: "no" }]);
  api.meter = refuse("usage-unknown-meter");
  expect(await asked("GET", "/v1/meters/nope")).toMatchObject([404, { title: "usage-unknown-meter" }]);
});
