import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { meterStore } from "../../agent/store/meter-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { recordStore } from "../../agent/store/record-store.ts";
import { exampleEvidence, exampleRecord } from "../settlement/fixture.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";

const midnightMs = Date.parse("2026-03-01T23:00:00Z");

/** A gateway in Amsterdam whose database holds three readings, three slots and a record; the database stays open. */
function stored() {
  const folder = scratch("export");
  const config = writeGateway(folder, gatewayYaml());
  const db = openDatabase(join(folder, "state", "data.db"));
  const meters = meterStore(db);
  meters.addSamples(
    [-1, 0, 86_399].map((s) => ({
      atMs: midnightMs + s * 1000,
      reading: {
        meter: "grid",
        receivedMs: midnightMs + s * 1000 + 80,
        powerW: s === 0 ? null : -250,
        importWh: 100_000 + s,
        exportWh: 12,
        quality: "valid" as const,
        clockSynced: s !== 0,
      } as Parameters<typeof meters.addSamples>[0][number]["reading"],
    })),
  );
  meters.addSlots(
    [0, 1, 96].map((at) => ({
      meter: "grid",
      register: "import" as const,
      startMs: midnightMs + at * 900_000,
      endMs: midnightMs + (at + 1) * 900_000,
      wh: 250 + at,
      quality: "estimated" as const,
      clockSynced: true,
    })),
  );
  const record = exampleRecord({ chainId: 1, contract: `0x${"5e".repeat(20)}` });
  recordStore(db).add("a-b", { record, digest: `0x${"d".repeat(64)}`, evidence: exampleEvidence("import", [151]) }, midnightMs);
  return { ask: (...args: string[]) => runCli(["export", ...args, "-c", config]), record, close: () => db.close() };
}

it("gives the readings of a local day as CSV, beside an open database", async () => {
  const { ask, close } = stored();
  expect(await ask("readings", "--from", "2026-03-02", "--to", "2026-03-03")).toEqual({
    code: 0,
    err: "",
    out: [
      "at,meter,powerW,importWh,exportWh,quality,clockSynced,receivedAt",
      "2026-03-01T23:00:00.000Z,grid,,100000,12,valid,false,2026-03-01T23:00:00.080Z",
      "2026-03-02T22:59:59.000Z,grid,-250,186399,12,valid,true,2026-03-02T22:59:59.080Z",
    ].join("\n"),
  });
  close();
});

it("gives slots between two instants as JSON lines, the end not included", async () => {
  const { ask, close } = stored();
  const { out } = await ask("slots", "--from", "2026-03-02T00:00:00+01:00", "--to", "2026-03-02T23:00:00Z", "--json");
  expect(out.split("\n").map((line): unknown => JSON.parse(line))).toEqual([
    {
      start: "2026-03-01T23:00:00.000Z",
      end: "2026-03-01T23:15:00.000Z",
      meter: "grid",
      register: "import",
      energyWh: 250,
      quality: "estimated",
      clockSynced: true,
    },
    expect.objectContaining({ energyWh: 251 }),
  ]);
  close();
});

it("gives settlement records with money as text, and missing signatures empty", async () => {
  const { ask, record, close } = stored();
  const { out } = await ask("settlements", "--from", "2026-03-02");
  const [names = "", row = ""] = out.split("\n");
  const told = Object.fromEntries(names.split(",").map((name, at) => [name, row.split(",")[at]]));
  expect(told).toMatchObject({ seq: "1", amountMicro: record.amount, energyWh: String(record.wh), payer: record.payer });
  expect(told).toMatchObject({ ownSignature: "", otherSignature: "", digest: `0x${"d".repeat(64)}` });
  close();
});

it.each([
  [
    ["boilers", "--from", "2026-03-02"],
    'usage-bad-kind: "boilers" cannot be exported; there are readings, slots, settlements, savings',
  ],
  [["slots", "--from", "2026-02-30"], "usage-bad-time: --from 2026-02-30 is neither a day"],
  [["slots", "--from", "yesterday"], "usage-bad-time: --from yesterday is neither a day"],
  [["slots", "--from", "2026-03-02T00:00:00"], "usage-bad-time"],
  [["slots", "--from", "2026-03-02", "--to", "2026-03-02"], "usage-bad-time: --from 2026-03-02 is not before --to 2026-03-02"],
  [["slots"], "required option '--from <time>'"],
])("refuses %j", async (args, said) => {
  const { ask, close } = stored();
  expect(await ask(...args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(said) as string });
  close();
});

it("says that there is no database where the agent never ran", async () => {
  const config = writeGateway(scratch("export"), gatewayYaml());
  expect(await runCli(["export", "slots", "--from", "2026-03-02", "-c", config])).toMatchObject({
    code: 2,
    out: "",
    err: expect.stringContaining("store-unusable") as string,
  });
});

it("stops quietly when its reader has enough", { timeout: 30_000 }, async () => {
  const folder = scratch("export");
  const config = writeGateway(folder, gatewayYaml());
  const db = openDatabase(join(folder, "state", "data.db"));
  db.exec(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
     insert into sample select 'grid', ${midnightMs} + i * 1000, 0, 1, i, 0, 'valid', 1 from n`,
  );
  db.close();
  const command = `"${process.execPath}" cli/main.ts export readings --from 2026-03-02 -c "${config}" | head -2; exit "\${PIPESTATUS[0]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  expect([status, stdout.split("\n").length, stderr]).toEqual([0, 3, ""]);
});
