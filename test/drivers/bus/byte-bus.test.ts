import { createServer, type AddressInfo, type Socket } from "node:net";
import { SerialPort } from "serialport";
import { expect, it, onTestFinished } from "vitest";
import type { ByteBus, SerialSettings } from "../../../drivers/bus/byte-bus.ts";
import { serialBus } from "../../../drivers/bus/serial-bus.ts";
import { tcpBus } from "../../../drivers/bus/tcp-bus.ts";
import { peer } from "../../fake/peer.ts";
import { ptyPair } from "../../fake/pty-pair.ts";
import { until } from "../../fake/until.ts";

const socat = peer("socat");
const settings: SerialSettings = { baud: 115_200, dataBits: 8, parity: "none", stopBits: 1 };

function listening(bus: ByteBus) {
  const heard = { opened: 0, closed: [] as string[], text: "" };
  bus.open(settings, {
    data: (chunk) => (heard.text += Buffer.from(chunk).toString("latin1")),
    opened: () => heard.opened++,
    closed: (reason) => heard.closed.push(reason),
  });
  onTestFinished(() => bus.close());
  return heard;
}

async function server(port = 0) {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => listener.close(resolve));
  };
  onTestFinished(close);
  return { sockets, close, port: (listener.address() as AddressInfo).port };
}

it("passes a socket's bytes on and connects again after a loss", async () => {
  const box = await server();
  const heard = listening(tcpBus({ host: "127.0.0.1", port: box.port, reopenMs: 20 }));
  await until("the bus is open", () => heard.opened === 1 && box.sockets.size === 1);
  for (const socket of box.sockets) socket.end("/one");
  await until("it is open again", () => heard.opened === 2 && box.sockets.size === 1);
  for (const socket of box.sockets) socket.write("/two");
  await until("the second bytes came", () => heard.text === "/one/two");
  expect(heard.closed).toEqual([`tcp://127.0.0.1:${box.port}: closed by the other side`]);
});

it("goes on trying while nobody listens", async () => {
  const { port, close } = await server();
  await close();
  const heard = listening(tcpBus({ host: "127.0.0.1", port, reopenMs: 10 }));
  await until("it has tried thrice", () => heard.closed.length >= 3);
  expect(heard.closed[0]).toContain("ECONNREFUSED");
  await server(port);
  await until("the bus is open", () => heard.opened === 1);
});

it("takes a silent connection for half open", async () => {
  const box = await server();
  const heard = listening(tcpBus({ host: "127.0.0.1", port: box.port, reopenMs: 10, silenceMs: 50 }));
  await until("it has connected anew", () => heard.opened >= 2);
  expect(heard.closed[0]).toContain("no byte in 0.05 s");
});

it("says nothing more once closed", async () => {
  const box = await server();
  const bus = tcpBus({ host: "127.0.0.1", port: box.port, reopenMs: 1 });
  const heard = listening(bus);
  await until("the bus is open", () => heard.opened === 1);
  await bus.close();
  await until("the other side sees the end", () => box.sockets.size === 0);
  expect(heard).toEqual({ opened: 1, closed: [], text: "" });
});

it.skipIf(!socat)("reads a serial line (socat PTY) and opens it again after it was unplugged", async () => {
  const ptys = await ptyPair(socat ?? "");
  onTestFinished(() => ptys.close());
  const heard = listening(serialBus({ path: ptys.a, reopenMs: 20 }));
  const send = async (text: string): Promise<void> => {
    const meter = new SerialPort({ path: ptys.b, baudRate: settings.baud, autoOpen: false });
    await new Promise<void>((resolve, reject) => meter.open((error) => (error ? reject(error) : resolve())));
    meter.write(text);
    await new Promise((resolve) => meter.drain(resolve));
    await until(`"${text}" came through`, () => heard.text.endsWith(text));
    await new Promise((resolve) => meter.close(resolve));
  };
  await until("the port is open", () => heard.opened === 1);
  await send("/first\r\n!1234\r\n");
  await ptys.unplug();
  await until("the loss was noticed", () => heard.closed.length > 0);
  await ptys.plug();
  await until("the port is open again", () => heard.opened === 2);
  await send("/second\r\n!1234\r\n");
  expect(heard.text).toBe("/first\r\n!1234\r\n/second\r\n!1234\r\n");
});

it("tries a port that does not exist again and again", async () => {
  const heard = listening(serialBus({ path: "/dev/no-such-port", reopenMs: 10 }));
  await until("it has tried twice", () => heard.closed.length >= 2);
  expect(heard.closed[0]).toContain("/dev/no-such-port");
});
