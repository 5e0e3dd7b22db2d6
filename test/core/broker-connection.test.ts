import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { brokerConnection } from "../../core/broker-connection.ts";
import { scratch } from "../fake/scratch.ts";

it.each([
  ["mqtt://broker.example.org", { protocol: "mqtt", host: "broker.example.org", port: 1883 }],
  ["mqtts://broker.example.org", { protocol: "mqtts", host: "broker.example.org", port: 8883 }],
  ["mqtts://[2001:db8::7]:18883", { protocol: "mqtts", host: "2001:db8::7", port: 18_883 }],
])("takes %s apart and refuses old TLS", (url, expected) => {
  expect(brokerConnection({ url }, "broker")).toEqual({ ...expected, reconnectOnConnackError: true, minVersion: "TLSv1.3" });
});

it("reads the password without the line's end and certificates as they are", () => {
  const folder = scratch("connection");
  const [passwordFile, caFile] = [join(folder, "password"), join(folder, "ca.crt")];
  writeFileSync(passwordFile, "s3cret\n");
  writeFileSync(caFile, "ca\n");
  const connection = brokerConnection({ url: "mqtts://b", caFile, username: "gw-1", passwordFile }, "broker");
  expect(connection).toMatchObject({ username: "gw-1", password: "s3cret", ca: Buffer.from("ca\n") });
});

it("names the file that it cannot read and where it is configured", () => {
  expect(() => brokerConnection({ url: "mqtts://b", keyFile: "/no/such.key" }, "broker")).toThrow(
    expect.objectContaining({
      code: "mqtt-file-unreadable",
      message: expect.stringMatching(/^\/no\/such\.key \(broker section\)/),
    }),
  );
});
