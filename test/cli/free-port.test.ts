import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { freePorts } from "../../cli/free-port.ts";

/** Takes a port, as a program that is started on it. */
async function taken(port: number): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

it("gives each port once, though nobody has taken the one before, and none that somebody has", async () => {
  const next = freePorts();
  const first = await next();
  // Where somebody else has it already it is as good.
  await taken(first < 31_999 ? first + 1 : 20_000).catch(() => undefined);
  const given = [first];
  for (let time = 0; time < 60; time++) given.push(await next());
  expect(new Set(given).size).toBe(given.length);
  expect(given).not.toContain(first < 31_999 ? first + 1 : 20_000);
  for (const port of given) await taken(port);
});

it("gives none that a connection to anywhere may take before its program is started", async () => {
  const next = freePorts();
  for (let time = 0; time < 60; time++) expect(await next()).toBeLessThan(32_768);
});
