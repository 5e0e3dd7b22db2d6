import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { AppError } from "../../core/app-error.ts";
import { cannotListen, closed, listening } from "../../core/listening.ts";
import { until } from "../fake/until.ts";

const refused = (cause: Error): AppError =>
  new AppError("api-cannot-listen", cannotListen({ host: "127.0.0.1", port: 7 }, cause, "http.listen"), { cause });

async function opened(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  return { server, port: await listening(server, { host: "127.0.0.1", port: 0 }, refused) };
}

it("gives the port that the system has chosen", async () => {
  const { server, port } = await opened();
  onTestFinished(() => closed(server));
  expect(port).toBeGreaterThan(0);
});

it("says which address is taken and which key names it", async () => {
  const { server, port } = await opened();
  onTestFinished(() => closed(server));
  const second = createServer();
  second.listen(port, "127.0.0.1");
  await expect(listening(second, { host: "127.0.0.1", port }, refused)).rejects.toMatchObject({
    code: "api-cannot-listen",
    message: expect.stringMatching(/^cannot listen on 127\.0\.0\.1:7: .*EADDRINUSE.*; free it or change http\.listen$/) as string,
  });
});

it("ends though a request is never finished", async () => {
  const { server, port } = await opened();
  let connections = 0;
  server.on("connection", () => connections++);
  const client = connect(port, "127.0.0.1", () => void client.write("GET / HTTP/1.1\r\nHost: x\r\nContent-Le"));
  client.on("error", () => undefined);
  onTestFinished(() => void client.destroy());
  await until("the client is connected", () => connections === 1);
  await closed(server);
  expect(server.listening).toBe(false);
});
