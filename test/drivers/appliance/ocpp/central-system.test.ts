import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { startCentralSystem } from "../../../../drivers/appliance/ocpp/central-system.ts";
import { silentLog } from "../../../fake/silent-log.ts";
import { until } from "../../../fake/until.ts";

async function central() {
  const log = silentLog();
  const system = await startCentralSystem({
    name: "garage",
    host: "127.0.0.1",
    port: 0,
    chargePointId: "CP1",
    log,
    callTimeoutMs: 200,
    answers: { Heartbeat: () => ({ currentTime: "2026-11-22T12:00:00Z" }) },
    onConnect: () => undefined,
  });
  onTestFinished(() => system.close());
  return { system, log };
}

/** A charger that sends whatever bytes the test wants. */
async function raw(port: number, path = "/CP1", protocols: string[] = ["ocpp1.6"]) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  onTestFinished(() => socket.terminate());
  const heard: string[] = [];
  socket.on("message", (bytes: Buffer) => heard.push(bytes.toString("utf8")));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.on("error", () => undefined);
  return { socket, heard, closed };
}

const heartbeat = JSON.stringify([2, "hb", "Heartbeat", {}]);
const beat = (heard: string[]): boolean => heard.some((text) => text.startsWith('[3,"hb"'));

it.each<[string, string | Buffer, string | undefined]>([
  ["no JSON", "{", "RpcFrameworkError"],
  ["no list", '{"a":1}', "RpcFrameworkError"],
  ["an empty list", "[]", "RpcFrameworkError"],
  ["an unknown type of message", '[9,"x","Heartbeat",{}]', "MessageTypeNotSupported"],
  ["a number for a message id", '[2,7,"Heartbeat",{}]', "RpcFrameworkError"],
  ["a list for an action", '[2,"x",[],{}]', "RpcFrameworkError"],
  ["an unknown action", '[2,"x","LaunchRocket",{}]', "NotImplemented"],
  ["an action of objects' own", '[2,"x","__proto__",{}]', "NotImplemented"],
  ["no payload", '[2,"x","Heartbeat"]', "TypeConstraintViolation"],
  ["a payload that breaks the schema", '[2,"x","Heartbeat",{"when":1}]', "PropertyConstraintViolation"],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0, 1]), "RpcFrameworkError"],
  ["an answer to nothing", '[3,"x",{}]', undefined],
  ["an error to nothing", '[4,"x","InternalError","",{}]', undefined],
  ["nothing", "", undefined],
])("lives on after %s", async (_what, frame, error) => {
  const { system } = await central();
  const { socket, heard } = await raw(system.port);
  socket.send(frame);
  socket.send(heartbeat);
  await until("the heartbeat is answered", () => beat(heard));
  expect(heard.filter((text) => text.startsWith("[4")).map((text) => (JSON.parse(text) as string[])[2])).toEqual(
    error ? [error] : [],
  );
});

it("cuts a connection that talks nonsense without end", async () => {
  const { system } = await central();
  const { socket, closed } = await raw(system.port);
  for (let count = 0; count <= 20; count++) socket.send("nonsense");
  await closed;
  const { socket: next, heard } = await raw(system.port);
  next.send(heartbeat);
  await until("the heartbeat is answered", () => beat(heard));
});

it("cuts a connection with a message that is too long", async () => {
  const { system } = await central();
  const { socket, closed } = await raw(system.port);
  socket.send(JSON.stringify([2, "x", "Heartbeat", "a".repeat(300_000)]));
  expect(await closed).toBe(1009);
  await until("it is gone", () => !system.connected());
});

it("lives on when nonsense and an overlong message come together", async () => {
  const { system } = await central();
  const { socket, closed } = await raw(system.port);
  for (let count = 0; count <= 20; count++) socket.send("nonsense");
  socket.send("a".repeat(300_000));
  await closed;
  const { socket: next, heard } = await raw(system.port);
  next.send(heartbeat);
  await until("the heartbeat is answered", () => beat(heard));
});

it.each(["[3", '[3,"ID"]', '[3,"ID",{"status":7}]', '[4,"ID"]', '[4,"ID",null,null,null]'])(
  "lives on when a charger answers a question with %s",
  async (reply) => {
    const { system } = await central();
    const { socket, heard } = await raw(system.port);
    socket.on("message", (bytes: Buffer) => {
      const [type, id] = JSON.parse(bytes.toString()) as [number, string];
      if (type === 2) socket.send(reply.replace("ID", id));
    });
    const said = await system.call("ClearCache", {}).catch((error: unknown) => (error as { code: string }).code);
    expect(typeof said === "string" ? said : Object.keys(said)).toSatisfy(
      (what: unknown) => what === "device-no-answer" || (Array.isArray(what) && what[0] === "refused"),
    );
    socket.send(heartbeat);
    await until("the heartbeat is answered", () => beat(heard));
  },
);

it("does not keep a charger that breaks off in the middle of a frame or of a question", async () => {
  const { system } = await central();
  const { socket } = await raw(system.port);
  const asked = system.call("ClearCache", {}).catch((error: unknown) => (error as { code: string }).code);
  // The first half of a masked text frame of 100 bytes.
  (socket as unknown as { _socket: { end(bytes: Buffer): void } })._socket.end(Buffer.from([0x81, 0x80 | 100, 1, 2, 3, 4, 5]));
  expect(await asked).toBe("device-no-answer");
  await until("it is gone", () => !system.connected());
});

it.each([
  ["another charge point", "/CP2", ["ocpp1.6"], "404"],
  ["no charge point", "/", ["ocpp1.6"], "404"],
  ["a newer protocol only", "/CP1", ["ocpp2.0.1"], "400"],
])("refuses %s", async (_what, path, protocols, status) => {
  const { system } = await central();
  await expect(raw(system.port, path, protocols)).rejects.toThrow(status);
  expect(system.connected()).toBe(false);
});

it("takes the newer of two protocols for what it is", async () => {
  const { system } = await central();
  const { socket } = await raw(system.port, "/below/CP1?x=1", ["ocpp2.0.1", "ocpp1.6"]);
  expect(socket.protocol).toBe("ocpp1.6");
});

const upgrade = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n";

it.each([
  ["an address that cannot be decoded", `GET /%E0%A4%A HTTP/1.1\r\n${upgrade}${key}\r\n`],
  ["an address that is none", `GET :99999999 HTTP/1.1\r\n${upgrade}${key}\r\n`],
  ["no key", `GET /CP1 HTTP/1.1\r\n${upgrade}Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n`],
  ["a broken list of protocols", `GET /CP1 HTTP/1.1\r\n${upgrade}Sec-WebSocket-Protocol: ,,\r\n\r\n`],
  ["a broken password", `GET /CP1 HTTP/1.1\r\n${upgrade}${key}Authorization: Basic ???\r\nSec-WebSocket-Extensions: ;;\r\n\r\n`],
  ["another upgrade", `GET /CP1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`],
  ["no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["a plain request", "GET /CP1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
])("lives on after a connection with %s", async (_what, bytes) => {
  const { system } = await central();
  const socket = connect(system.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  const ended = new Promise((resolve) => socket.once("close", resolve));
  socket.once("data", () => socket.destroy());
  socket.write(bytes, "latin1");
  await ended;
  const { socket: next, heard } = await raw(system.port);
  next.send(heartbeat);
  await until("the heartbeat is answered", () => beat(heard));
});

it("ends with a charger that is connected", async () => {
  const { system } = await central();
  const { closed } = await raw(system.port);
  await system.close();
  expect([await closed, system.connected()]).toEqual([1006, false]);
  await expect(raw(system.port)).rejects.toThrow("ECONNREFUSED");
});
