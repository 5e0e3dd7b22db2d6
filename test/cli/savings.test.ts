import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { savings } from "../../cli/savings.ts";
import type { SavingsSlot } from "../../agent/savings/savings-ledger.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { recordStore } from "../../agent/store/record-store.ts";
import { savingsStore } from "../../agent/store/savings-store.ts";
import { exampleEvidence, exampleRecord } from "../settlement/fixture.ts";
import { runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";
import { gatewayYaml, writeGateway } from "./gateway-files.ts";

const zone = { fromMs: Date.parse("2026-01-31T23:00:00Z"), toMs: Date.parse("2026-02-28T23:00:00Z") };
const quarterMs = 900_000;

/** A February of a gateway in Amsterdam: each day but the last 4 kWh run at 06:00 for 0.20 instead of at 00:00 for 0.30. */
function february({ lossOn = -1, days = 28 } = {}) {
  const folder = scratch("savings");
  const config = writeGateway(folder, gatewayYaml());
  const db = openDatabase(join(folder, "state", "data.db"));
  const store = savingsStore(db);
  const keep = db.transaction(() => {
    for (let at = 0; at < days * 96; at++) {
      const [day, quarter] = [Math.floor(at / 96), at % 96];
      const [startMs, endMs] = [zone.fromMs + at * quarterMs, zone.fromMs + (at + 1) * quarterMs];
      const dear = day === lossOn ? quarter === 24 : quarter === 0;
      const [actualWh, baselineWh] = [quarter === 24 ? 4000 : 0, quarter === 0 ? 4000 : 0];
      const slot: SavingsSlot = {
        startMs,
        endMs,
        importMicro: dear ? 300_000n : 200_000n,
        exportMicro: 0n,
        pricedBy: "published",
        importWh: 100 + actualWh,
        exportWh: 0,
        pvWh: null,
        estimated: false,
        appliances: [
          {
            resource: "car",
            startMs,
            endMs,
            actualWh,
            held: quarter < 24,
            fillWh: null,
            baselineWh,
            spanMs: zone.fromMs + day * 96 * quarterMs,
            state: "final",
          },
        ],
      };
      store.add(slot);
    }
    const record = exampleRecord({ chainId: 1, contract: `0x${"5e".repeat(20)}` });
    const reward = {
      ...record,
      kind: "reward" as const,
      amount: "1250000",
      start: "2026-02-10T23:00:00Z",
      end: "2026-02-11T23:00:00Z",
    };
    const records = recordStore(db);
    const evidence = exampleEvidence("import", []);
    records.add("a-b", { record: reward, digest: "0xd1", evidence }, zone.fromMs);
    records.add("a-b", { record: { ...reward, seq: 2 }, digest: "0xd2", evidence }, zone.fromMs);
    records.signed("a-b", 1, "0x1");
    records.countersigned("a-b", 1, "0x2", 0);
    records.signed("a-b", 2, "0x1");
  });
  keep();
  db.close();
  return { config, file: join(folder, "state", "data.db") };
}

it("says in plain words what a month has saved, each kind on its line, with coverage and which baseline it is", async () => {
  const { config } = february({ lossOn: 3 });
  expect((await runCli(["savings", "--month", "2026-02", "-c", config])).out.split("\n")).toEqual([
    "2026-02: 10.40 EUR less than if the car had charged on plug-in, and heating and boiler had followed their own controls, same prices",
    "  shifting: 10.40 EUR",
    "  flexibility payments: 1.25 EUR",
    "  fees: 0.00 EUR",
    "  together: 11.65 EUR",
    "own solar: not measured",
    "coverage: 100.0 % of the time has meter, price and appliance figures; 0.0 % of that was worked out and not read",
    "loss on 2026-02-04: -0.40 EUR; a limit, a comfort wish, a deadline, a resident's word or the random delay stood above the price",
    "This baseline is the household's own. It is not the settlement baseline, by which flexibility is paid.",
  ]);
});

it("gives it as one JSON object, money as text", async () => {
  const { config } = february({ lossOn: 3 });
  const { out } = await runCli(["savings", "--month", "2026-02", "--json", "-c", config]);
  expect(JSON.parse(out)).toEqual({
    site: "Alder Yard 7",
    month: "2026-02",
    currency: "EUR",
    from: "2026-01-31T23:00:00.000Z",
    to: "2026-02-28T23:00:00.000Z",
    shiftingMicro: "10400000",
    flexibilityMicro: "1250000",
    ownSolarMicro: null,
    feesMicro: "0",
    totalMicro: "11650000",
    coveragePercent: 100,
    estimatedPercent: 0,
    isEstimate: false,
    missingHours: {},
    lossDays: [
      { day: "2026-02-04", shiftingMicro: "-400000", reason: expect.stringContaining("stood above the price") as string },
    ],
  });
});

it("calls a month with holes an estimate, and fills none", async () => {
  const { config } = february({ days: 20 });
  const { out } = await runCli(["savings", "--month", "2026-02", "-c", config]);
  expect(out).toContain("2026-02 (estimate): 8.00 EUR less than");
  expect(out).toContain("coverage: 71.4 %");
  expect(out).toContain("without figures 192.00 h: nothing was kept; counted as nothing");
});

it("takes this month so far where none is named, in the site's time zone", async () => {
  const { config } = february();
  const said: string[] = [];
  await savings({ config }, zone.fromMs + 96 * quarterMs, (line) => said.push(line));
  expect(said[0]).toBe(
    "2026-02 so far: 0.40 EUR less than if the car had charged on plug-in, and heating and boiler had followed their own controls, same prices",
  );
});

it("exports lines whose sums are the statement", async () => {
  const { config } = february({ lossOn: 3 });
  const { out } = await runCli(["export", "savings", "--from", "2026-02-01", "--to", "2026-03-01", "--json", "-c", config]);
  const lines = out.split("\n").map((line) => JSON.parse(line) as Record<string, string>);
  const sum = (column: string): bigint => lines.reduce((total, line) => total + BigInt(line[column] ?? "0"), 0n);
  expect([lines.length, sum("shiftingMicro"), sum("flexibilityMicro")]).toEqual([28 * 96 + 1, 10_400_000n, 1_250_000n]);
  expect(sum("baselineMicro") - sum("actualMicro")).toBe(10_400_000n);
  expect(lines[24]).toMatchObject({ kind: "slot", appliancesWh: "car=4000", baselineWh: "car=0", pricedBy: "published" });
});

it.each([
  [["--month", "2026-13"], "usage-bad-time: --month 2026-13 is no month such as 2026-11"],
  [["--month", "February"], "usage-bad-time: --month February is no month"],
  [["--month", "2999-01"], "usage-bad-time: --month 2999-01 has not begun"],
])("refuses %j", async (args, said) => {
  const { config } = february({ days: 0 });
  expect(await runCli(["savings", ...args, "-c", config])).toMatchObject({
    code: 2,
    err: expect.stringContaining(said) as string,
  });
});

it("says what to do about the database of an older release", async () => {
  const { config, file } = february({ days: 0 });
  const db = new Database(file);
  db.exec("drop table savings_slot");
  db.close();
  for (const verb of [
    ["savings", "--month", "2026-02"],
    ["export", "savings", "--from", "2026-02-01"],
  ])
    expect(await runCli([...verb, "-c", config])).toMatchObject({
      code: 2,
      err: expect.stringContaining("start the agent of this one once") as string,
    });
});
