import { expect, it } from "vitest";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { writeGateway } from "./gateway-files.ts";

/** A process that stayed alive after a failed start would keep systemd from restarting it and from making relays safe. */
it.each<[string, object, RegExp]>([
  ["a control key that is none", { control_keys: [{ kty: "OKP", crv: "Ed25519", kid: "k", x: "abc" }] }, /envelope-bad-key/],
  ["a file that is missing", { ca_file: "/no/such/ca.crt" }, /mqtt-file-unreadable.*ca\.crt/],
])("ends with exit code 2 after a start that failed by %s", async (_, change, said) => {
  const key = { kty: "OKP", crv: "Ed25519", kid: "k", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  const aggregator = { id: "agg", gateway_id: "gw-1", broker_url: "mqtt://127.0.0.1:9", control_keys: [key], ...change };
  const { code, err } = await runCli(["agent", "run", "-c", writeGateway(scratch("failed-start"), { aggregator })]);
  expect(err).toMatch(said);
  expect(code).toBe(2);
});

it("ends when a simulated part cannot start", async () => {
  expect((await runCli(["simulate", "broker", "--port", "70000"])).code).toBe(2);
  expect((await runCli(["simulate", "house", "--name", "h", "--every", "0"])).code).toBe(2);
});
