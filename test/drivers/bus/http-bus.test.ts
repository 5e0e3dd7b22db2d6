import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { httpBus, httpBusOf, HttpBusOptions } from "../../../drivers/bus/http-bus.ts";
import { freePort } from "../../../cli/free-port.ts";
import { httpDevice } from "../../fake/http-device.ts";
import { scratch } from "../../fake/scratch.ts";

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "answered", errorCode);

function bus(url: string, options: { timeoutMs?: number; login?: Parameters<typeof httpBus>[0]["login"] } = {}) {
  const { login, timeoutMs = 1_000 } = options;
  const made = httpBus({ url, timeoutMs, ...(login && { login }) });
  onTestFinished(() => made.close());
  return made;
}

it("reads JSON below the address's path", async () => {
  const device = await httpDevice(({ method, path, body }) => ({ body: { method, path, body } }));
  const line = bus(`${device.url}/below/`);
  expect(await line.getJson("/a?b=1")).toEqual({ method: "GET", path: "/below/a", body: "" });
});

it("asks one thing at a time", async () => {
  let open = 0;
  let most = 0;
  const device = await httpDevice((_request, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end("1");
    }, 20);
    return undefined;
  });
  const line = bus(device.url);
  await Promise.all([line.getJson("/1"), line.getJson("/2"), line.getJson("/3")]);
  expect([most, device.asked]).toEqual([1, ["GET /1", "GET /2", "GET /3"]]);
});

it("says what is wrong", async () => {
  const device = await httpDevice(({ path }) => {
    if (path === "/silent") return undefined;
    if (path === "/html") return { body: "<html>" };
    if (path === "/large") return { body: "1".repeat(70_000) };
    if (path === "/moved") return { status: 302, headers: { location: "/html" }, body: {} };
    return { status: path === "/busy" ? 503 : 404, body: {} };
  });
  const line = bus(device.url, { timeoutMs: 600 });
  expect(await codeOf(line.getJson("/silent"))).toBe("http-timeout");
  expect(await codeOf(line.getJson("/html"))).toBe("http-bad-reply");
  expect(await codeOf(line.getJson("/large"))).toBe("http-bad-reply");
  expect(await codeOf(line.getJson("/moved"))).toBe("http-refused");
  await expect(line.getJson("/none?secret=1")).rejects.toMatchObject({
    code: "http-refused",
    temporary: false,
    message: expect.not.stringContaining("secret") as string,
  });
  await expect(line.getJson("/busy")).rejects.toMatchObject({ code: "http-refused", temporary: true });
  await device.stop();
  await expect(line.getJson("/")).rejects.toMatchObject({ code: "http-unreachable", temporary: true });
});

it.each([
  ["no HTTP at all", "SSH-2.0-OpenSSH\r\n\r\n", "http-bad-reply"],
  ["a body that stops half way", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", "http-unreachable"],
])("survives %s", async (_what, bytes, code) => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const line = bus(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await codeOf(line.getJson("/"))).toBe(code);
});

it("ends what waits when it is closed", async () => {
  const device = await httpDevice(() => undefined);
  const line = httpBus({ url: device.url, timeoutMs: 20_000 });
  const waiting = [codeOf(line.getJson("/1")), codeOf(line.getJson("/2"))];
  await line.close();
  expect(await Promise.all(waiting)).toEqual(["http-closed", "http-closed"]);
});

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

it("logs in by digest, counts the uses of a nonce, and takes a new nonce when the old one is stale", async () => {
  let nonce = "one";
  let lastCount = 0;
  const device = await httpDevice(({ method, headers }, response) => {
    const given = Object.fromEntries(
      [...(headers.authorization ?? "").matchAll(/(\w+)="?([^",]*)"?/g)].map(([, key = "", value = ""]) => [key, value]),
    ) as Record<string, string>;
    const { nc = "", cnonce = "", response: said, uri = "" } = given;
    const right = md5(`${md5("admin:shelly:geheim")}:${nonce}:${nc}:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
    const count = parseInt(nc, 16);
    if (said === right && count === lastCount + 1) {
      lastCount = count;
      return { body: { count } };
    }
    lastCount = 0;
    response.setHeader("www-authenticate", `Digest qop="auth", realm="shelly", nonce="${nonce}", algorithm=MD5`);
    return { status: 401, body: {} };
  });
  const line = bus(device.url, { login: { auth: "digest", username: "admin", password: "geheim" } });
  expect([await line.getJson("/a?x=1"), await line.getJson("/b")]).toEqual([{ count: 1 }, { count: 2 }]);
  nonce = "two";
  expect(await line.getJson("/c")).toEqual({ count: 1 });
  const wrong = bus(device.url, { login: { auth: "digest", username: "admin", password: "falsch" } });
  expect(await codeOf(wrong.getJson("/a"))).toBe("http-refused");
});

it.each(["basic", "query"] as const)("logs in by %s with the password of a file", async (auth) => {
  const device = await httpDevice(({ query, headers }) => {
    const basic = headers.authorization === `Basic ${Buffer.from("admin:geh:eim").toString("base64")}`;
    const given = query.get("user") === "admin" && query.get("password") === "geh:eim";
    return { status: (auth === "basic" ? basic && !given : given && !headers.authorization) ? 200 : 401, body: {} };
  });
  const file = join(scratch("http"), "password");
  writeFileSync(file, "geh:eim\n");
  const line = httpBusOf(HttpBusOptions.parse({ url: device.url, auth, password_file: file }));
  onTestFinished(() => line.close());
  expect([await codeOf(line.getJson("/")), await codeOf(line.getJson("/?a=1"))]).toEqual(["answered", "answered"]);
});

it("says so where the password cannot be read", () => {
  const options = HttpBusOptions.parse({ url: "http://192.0.2.1", password_file: join(scratch("http"), "none") });
  expect(() => httpBusOf(options)).toThrow(expect.objectContaining({ code: "password-file-unreadable" }) as Error);
});

it("refuses an address with a password in it, or of another kind", () => {
  for (const url of ["http://admin:x@192.0.2.1", "ftp://192.0.2.1", "192.0.2.1"])
    expect(HttpBusOptions.safeParse({ url }).success).toBe(false);
});

it("answers at once where nobody listens", async () => {
  expect(await codeOf(bus(`http://127.0.0.1:${await freePort()}`).getJson("/"))).toBe("http-unreachable");
});
