import { expect, it } from "vitest";
import { rejections } from "../../core/rejections.ts";
import { silentLog } from "../fake/silent-log.ts";

it("counts every refusal by its code and logs the first of each code and source", () => {
  const log = silentLog();
  const refused = rejections(log);
  for (let time = 0; time < 500; time++) {
    refused.note("p1-bad-crc", "grid", "CRC 1234, computed 4321");
    refused.note("p1-bad-crc", "pv", "CRC 1234, computed 4321");
  }
  refused.note("envelope-expired", "sma/1/agg/gw/dn/price", "expired");
  expect(refused.counts()).toEqual({ "p1-bad-crc": 1000, "envelope-expired": 1 });
  expect(log.lines.map(({ fields }) => `${String(fields["code"])} ${String(fields["source"])}`)).toEqual([
    "p1-bad-crc grid",
    "p1-bad-crc pv",
    "envelope-expired sma/1/agg/gw/dn/price",
  ]);
});

it("stays small under a flood of made-up sources", () => {
  const log = silentLog();
  const refused = rejections(log);
  for (let time = 0; time < 5000; time++) refused.note("envelope-malformed", `topic ${time}`, "not a JWS");
  expect(log.lines).toHaveLength(1000);
  expect(refused.counts()).toEqual({ "envelope-malformed": 5000 });
});
