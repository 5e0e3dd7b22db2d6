import { expect, it } from "vitest";
import { parseTopic, topic, topicFilter } from "../../core/topic.ts";

it("writes a topic that it can take apart again", () => {
  const text = topic("community", "gw-01.a_B", "dn", "instr/boiler");
  expect(text).toBe("sma/1/community/gw-01.a_B/dn/instr/boiler");
  expect(parseTopic(text)).toEqual({ aggregator: "community", site: "gw-01.a_B", direction: "dn", rest: "instr/boiler" });
});

it.each(["", "+", "#", "a b", "a/b", "é", "x".repeat(65), "a\0b"])("refuses %j as aggregator, site or part", (name) => {
  const bad = expect.objectContaining({ code: "topic-bad-name" });
  if (name !== "a/b") expect(() => topic("agg", "gw", "up", name)).toThrow(bad);
  expect(() => topic(name, "gw", "up", "meter")).toThrow(bad);
  expect(() => topic("agg", name, "up", "meter")).toThrow(bad);
});

it("filters one direction of one site or of all", () => {
  expect(topicFilter("agg", "gw", "dn")).toBe("sma/1/agg/gw/dn/#");
  expect(topicFilter("agg", "+", "up")).toBe("sma/1/agg/+/up/#");
});

it.each([
  "",
  "sma/1/agg/gw/up",
  "sma/1/agg/gw/up/",
  "sma/2/agg/gw/up/meter",
  "sma/1/agg/gw/sideways/x",
  "x/sma/1/agg/gw/up/meter",
  "sma/1//gw/up/meter",
])("knows that %j is none of ours", (text) => expect(parseTopic(text)).toBeUndefined());
