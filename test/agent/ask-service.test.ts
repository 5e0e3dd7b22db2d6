import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { askService, goodJson, goodText } from "../../agent/ask-service.ts";
import { httpDevice } from "../fake/http-device.ts";

/** A server that answers by writing for itself. */
async function rawServer(answer: (response: ServerResponse) => void): Promise<URL> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?securityToken=secret`);
}
const signal = AbortSignal.timeout(20_000);

it("gives status, headers and body", async () => {
  const server = await httpDevice(({ headers }) => ({ status: 203, body: { agent: headers["user-agent"] } }));
  const reply = await askService({ url: new URL(server.url), signal });
  expect(goodJson(new URL(server.url), reply)).toEqual({ agent: "smart-mla/1 (household energy agent)" });
  expect(reply.status).toBe(203);
});

it("stops reading a body that has no end", async () => {
  const url = await rawServer((response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => void response.write(chunk, (error) => error ?? more());
    more();
  });
  await expect(askService({ url, signal, mostBytes: 1_000_000 })).rejects.toMatchObject({ code: "service-too-long" });
});

it("ends with a body that comes a byte at a time, and one that never comes", async () => {
  const drip = await rawServer((response) => {
    const timer = setInterval(() => response.write(" "), 10);
    response.on("close", () => clearInterval(timer));
  });
  await expect(askService({ url: drip, signal, timeoutMs: 200 })).rejects.toMatchObject({
    code: "service-timeout",
    temporary: true,
  });
  const silent = await rawServer(() => undefined);
  await expect(askService({ url: silent, signal, timeoutMs: 100 })).rejects.toMatchObject({ code: "service-timeout" });
});

it("follows a redirect to the same host only, and not without end", async () => {
  const server = await httpDevice(({ path }) =>
    path === "/old" ? { status: 302, headers: { location: "/new" }, body: "" } : { body: { path } },
  );
  const reply = await askService({ url: new URL(`${server.url}/old`), signal });
  expect(JSON.parse(reply.text)).toEqual({ path: "/new" });
  const elsewhere = await httpDevice(() => ({ status: 301, headers: { location: server.url }, body: "" }));
  await expect(askService({ url: new URL(elsewhere.url), signal })).rejects.toMatchObject({ code: "service-redirect" });
  const round = await httpDevice(() => ({ status: 307, headers: { location: "/again" }, body: "" }));
  await expect(askService({ url: new URL(round.url), signal })).rejects.toMatchObject({ code: "service-redirect" });
  expect(round.asked).toHaveLength(4);
});

it("never sends a body on", async () => {
  const server = await httpDevice(() => ({ status: 307, headers: { location: "/new" }, body: "" }));
  const asked = askService({ url: new URL(server.url), signal, method: "POST", body: "x" });
  await expect(asked).rejects.toMatchObject({ code: "service-redirect" });
});

it("says who cannot be reached without the query", async () => {
  const url = await rawServer((response) => response.socket?.destroy());
  const error: unknown = await askService({ url, signal }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "service-unreachable", temporary: true });
  expect(String(error)).not.toContain("secret");
});

it.each([
  [401, false],
  [429, true],
  [503, true],
])("refuses status %s", async (status, temporary) => {
  const url = await rawServer((response) => response.writeHead(status).end("x"));
  const reply = await askService({ url, signal });
  expect(() => goodText(url, reply)).toThrow(expect.objectContaining({ code: "service-refused", temporary }));
});

it("passes on why it was aborted", async () => {
  const url = await rawServer(() => undefined);
  const stop = new AbortController();
  const asked = askService({ url, signal: stop.signal });
  stop.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
});
