import { connect } from "node:net";
import { it, onTestFinished } from "vitest";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { until } from "../fake/until.ts";

it("sends every telegram to every client and drops only the one that does not read", async () => {
  const server = await startP1Server(0);
  onTestFinished(() => server.close());
  const join = (): ReturnType<typeof connect> => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  let bytes = 0;
  join().on("data", (chunk) => (bytes += chunk.length));
  const stuck = join();
  stuck.pause();
  await until("both are connected", () => server.clients() === 2);
  const telegram = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  await until("the stuck one was dropped", async () => {
    server.send(telegram);
    sent += telegram.length;
    await until("the quick one has read all", () => bytes === sent);
    return server.clients() === 1;
  });
  server.send(telegram);
  await until("the quick one goes on reading", () => bytes === sent + telegram.length);
});
