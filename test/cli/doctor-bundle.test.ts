import { expect, it } from "vitest";
import { withoutSecrets } from "../../cli/doctor/bundle.ts";

it.each<[string, string, string]>([
  ["a name and password", "mqtt://bob:hunter2@broker.example:1883/x", "mqtt://(removed)@broker.example:1883/x"],
  [
    "a password that holds @, / and ?",
    "mqtts://bob:hun@ter2/hunter2?hunter2#hunter2@broker.example",
    "mqtts://(removed)@broker.example",
  ],
  ["a key in the path", "https://rpc.example/v3/hunter2hunter2hunter2", "https://rpc.example/v3/(removed)"],
  ["a key in the query", "https://rpc.example/?apikey=hunter2", "https://rpc.example/?(removed)"],
  [
    "several in one sentence",
    "http://a:hunter2@x/ does not answer (fetch of https://b/?k=hunter2 failed), http://c:hunter2@y is well",
    "http://(removed)@x/ does not answer (fetch of https://b/?(removed) failed), http://(removed)@y is well",
  ],
])("leaves %s out of an address", (_, text, left) => {
  expect(withoutSecrets({ seen: [text] })).toEqual({ seen: [left] });
});

it("leaves an address without secrets, and text without addresses, as it is", () => {
  const value = { a: "https://api.energy-charts.info/price?", b: "//x@y", c: "mqtt://127.0.0.1:1883", d: 5, e: null };
  expect(withoutSecrets(value)).toEqual({ ...value, a: "https://api.energy-charts.info/price?(removed)" });
});
