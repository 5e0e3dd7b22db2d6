import { expect, it } from "vitest";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";

const yaml = (change: object) => ({
  version: 1,
  id: "community",
  broker: { url: "mqtts://broker.example" },
  control_key_file: "control.json",
  sites: { "gw-1": {} },
  prices_file: "prices.json",
  storage: { path: "data.db" },
  ...change,
});

it("fills in what is left out", () => {
  expect(AggregatorYaml.parse(yaml({}))).toMatchObject({
    plan: { every_s: 3600, slot_minutes: 15 },
    http: { listen: "127.0.0.1:8490", open: false },
    log: { level: "info" },
  });
  expect(AggregatorYaml.parse(yaml({ plan: { slot_minutes: 60 } })).plan).toEqual({ every_s: 3600, slot_minutes: 60 });
});

it.each([
  ["slots that do not divide an hour", { plan: { slot_minutes: 7 } }, "plan.slot_minutes"],
  ["slots shorter than five minutes", { plan: { slot_minutes: 1 } }, "plan.slot_minutes"],
  ["an unknown key", { plan: { slots: 15 } }, "plan"],
  ["a broker that speaks no MQTT", { broker: { url: "https://broker.example" } }, "broker.url"],
  ["a site whose name is a path", { sites: { "../gw": {} } }, "sites.../gw"],
  ["an API that is open to other machines", { http: { listen: "0.0.0.0:8490", open: true } }, "http.open"],
  ["a database that is none", { storage: { path: "data.txt" } }, "storage.path"],
])("refuses %s", (_, change, path) => {
  const { error } = AggregatorYaml.safeParse(yaml(change));
  expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
});
