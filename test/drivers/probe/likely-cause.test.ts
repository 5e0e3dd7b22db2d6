import { expect, it } from "vitest";
import { likelyCause, likelyModbusCause, unreachable } from "../../../drivers/probe/likely-cause.ts";
import type { Heard, ProbePlace } from "../../../drivers/probe/probe-result.ts";

const serial: ProbePlace = { kind: "serial", path: "/dev/ttyUSB7" };
const heard = (bytes: number, highBytes: number, codes: string[] = []): Heard => ({
  settings: { baud: 9600, dataBits: 7, parity: "even", stopBits: 1 },
  bytes,
  highBytes,
  codes,
  sample: "",
});

it.each<[string, Heard[], string, RegExp]>([
  ["no byte at all", [heard(0, 0), heard(0, 0)], "probe-no-bytes", /not one byte.*RJ12 pin 2.*switch the port on.*--modbus/],
  ["a few bytes of noise", [heard(3, 1), heard(0, 0)], "probe-no-bytes", /next to nothing/],
  ["high bytes under every setting", [heard(900, 500), heard(400, 150), heard(0, 0)], "probe-inverted-signal", /inverter/],
  ["text under one setting that means nothing", [heard(900, 500), heard(400, 10)], "probe-garbage", /--modbus/],
  ["telegrams with bad checksums", [heard(900, 0, ["p1-bad-crc"])], "probe-bad-checksums", /pull-up/],
  ["frames with bad checksums", [heard(900, 500, ["han-truncated", "han-bad-fcs"])], "probe-bad-checksums", /adapter/],
  ["7 bits read with 8", [heard(900, 500, ["p1-parity-bits"])], "p1-parity-bits", /7E1/],
])("names the cause of %s", (_, lines, code, message) => {
  const cause = likelyCause(lines, serial);
  expect(cause.code).toBe(code);
  expect(cause.message).toMatch(message);
});

it("says what a box with a socket should be set to", () => {
  expect(likelyCause([{ ...heard(900, 10), settings: null }], { kind: "tcp", host: "box", port: 2001 })).toMatchObject({
    code: "probe-garbage",
    message: expect.stringContaining("2400 8E1") as string,
  });
});

it("tells silent Modbus units from damaged answers", () => {
  expect([likelyModbusCause(false).code, likelyModbusCause(true).code]).toEqual(["probe-no-unit", "probe-damaged-answers"]);
});

it.each([
  ["Error: No such file or directory, cannot open /dev/ttyUSB7", "probe-port-missing"],
  ["Error: Permission denied, cannot open /dev/ttyUSB7", "probe-no-permission"],
  ["Error Resource temporarily unavailable Cannot lock port", "probe-port-busy"],
  ["connect ECONNREFUSED 127.0.0.1:1", "probe-refused"],
  ["getaddrinfo ENOTFOUND box.invalid", "probe-unreachable"],
])("tells what keeps a line from opening: %s", (reason, code) => {
  expect(unreachable(reason, serial)).toMatchObject({
    code,
    temporary: true,
    message: expect.stringContaining(reason) as string,
  });
});
