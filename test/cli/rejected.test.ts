import { join } from "node:path";
import { expect, it } from "vitest";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { runCli } from "../fake/run-cli.ts";
import { dsmr5Lines, telegram } from "../fake/p1-telegram.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";

it("gives the bytes of what was not believed, in a form that decode takes", async () => {
  const folder = scratch("rejected");
  const config = writeGateway(folder, gatewayYaml());
  const db = openDatabase(join(folder, "state", "data.db"));
  const hurt = telegram(dsmr5Lines);
  hurt[100] = (hurt[100] ?? 0) ^ 1;
  const frame = { atMs: Date.parse("2026-03-01T10:00:00Z"), code: "p1-bad-crc", message: "CRC says no" };
  meterStore(db).addRejected({ ...frame, meter: "grid", bytes: hurt });
  meterStore(db).addRejected({ ...frame, meter: "other", bytes: Buffer.from("xx") });
  const { code, out } = await runCli(["rejected", "-c", config, "--meter", "grid"]);
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual(["# 2026-03-01T10:00:00.000Z grid p1-bad-crc: CRC says no", hurt.toString("hex")]);
  const json = await runCli(["rejected", "-c", config, "--json"]);
  expect(json.out.split("\n").map((line) => (JSON.parse(line) as { meter: string }).meter)).toEqual(["grid", "other"]);
  expect(await runCli(["rejected", "-c", config, "--meter", "nope"])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/usage-unknown-meter.*"nope".*grid, .*other/) as string,
  });
  db.close();
});

it("says that there is no database where the agent never ran", async () => {
  expect(await runCli(["rejected", "-c", writeGateway(scratch("rejected"), gatewayYaml())])).toMatchObject({
    code: 2,
    err: expect.stringContaining("store-unusable"),
  });
});
