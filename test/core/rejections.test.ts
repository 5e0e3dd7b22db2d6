import { expect, it } from "vitest";
import { rejections } from "../../core/rejections.ts";
import { silentLog } from "../fake/silent-log.ts";

function refusing() {
  const log = silentLog();
  const time = { ms: 0 };
  const refused = rejections(log, () => time.ms);
  const said = (): string[] => log.lines.map(({ fields }) => `${String(fields["code"])} ${String(fields["source"])}`);
  return { log, time, refused, said };
}

it("counts every refusal by its code and logs the first of each code and source", () => {
  const { refused, said } = refusing();
  for (let time = 0; time < 500; time++) {
    refused.note("p1-bad-crc", "grid", "CRC 1234, computed 4321");
    refused.note("p1-bad-crc", "pv", "CRC 1234, computed 4321");
  }
  refused.note("envelope-expired", "sma/1/agg/gw/dn/price", "expired");
  expect(refused.counts()).toEqual({ "p1-bad-crc": 1000, "envelope-expired": 1 });
  expect(said()).toEqual(["p1-bad-crc grid", "p1-bad-crc pv", "envelope-expired sma/1/agg/gw/dn/price"]);
});

it("says what goes on once an hour, with how often it was", () => {
  const { refused, time, log } = refusing();
  for (; time.ms < 2.5 * 3_600_000; time.ms += 60_000) refused.note("modbus-timeout", "pump", "no answer");
  expect(log.lines.map(({ fields }) => fields["times"])).toEqual([undefined, 60, 60]);
});

it("says a fault that comes back after months", () => {
  const { refused, time, said } = refusing();
  refused.note("modbus-timeout", "pump", "no answer");
  time.ms += 100 * 24 * 3_600_000;
  refused.note("modbus-timeout", "pump", "no answer");
  expect(said()).toHaveLength(2);
});

it("stays small under a flood of made-up sources, and still hears of another code", () => {
  const { refused, log, time, said } = refusing();
  for (let number = 0; number < 5000; number++) refused.note("envelope-malformed", `topic ${number}`, "not a JWS");
  refused.note("p1-bad-crc", "grid", "CRC 1234, computed 4321");
  expect(said().filter((line) => line.startsWith("envelope"))).toHaveLength(50);
  expect(said().at(-1)).toBe("p1-bad-crc grid");
  expect(refused.counts()).toEqual({ "envelope-malformed": 5000, "p1-bad-crc": 1 });
  time.ms += 3_600_000;
  refused.note("envelope-malformed", "a late topic", "not a JWS");
  expect(log.lines.at(-1)?.fields["source"]).toBe("a late topic");
});

it("cuts what comes from outside to a length that a log can bear", () => {
  const { refused, log } = refusing();
  refused.note("topic-unknown", "x".repeat(60_000), "y".repeat(60_000));
  expect(JSON.stringify(log.lines).length).toBeLessThan(1000);
});
