import { expect, it } from "vitest";
import { metrics } from "../../../aggregator/observe/metrics.ts";
import { midnightMs, slotItem } from "../rows.ts";
import { bootOne, message } from "../rows.ts";
import { exampleRecord } from "../../settlement/fixture.ts";
import { domain } from "../settle/home-double.ts";

const record = { ...exampleRecord(domain, {}), wh: 1500, amount: "2500000" };

/** Value of a sample, by its name with its labels as Prometheus writes them. */
const valueOf = (text: string, sample: string): number | undefined => {
  const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
};

it("counts what comes, what is new of it, and its energy once", async () => {
  const figures = metrics(() => undefined);
  const slots = [1, 2, 3, 4].map((seq) => slotItem(seq, seq, 100));
  const rows = (from: number, to: number, added: number, contiguousSeq: number): void =>
    figures.rows("gw-1", message(slots.slice(from, to), bootOne), { added, contiguousSeq });
  figures.message("gw-1", "meter", 1000);
  figures.message("gw-1", "no/such/thing", 1000);
  rows(0, 2, 2, 2);
  // The same again, and then with one that is new.
  rows(0, 2, 0, 2);
  rows(1, 3, 1, 3);
  // Another home's slot of a load is no energy of a grid meter.
  figures.rows("gw-2", message([slotItem(1, 0, 77, { role: "load" })]), { added: 1, contiguousSeq: 1 });
  figures.sent("gw-1", "receipt", true, 3000);
  const text = await figures.text();
  expect(valueOf(text, 'smart_mla_energy_wh_total{register="import"}')).toBe(300);
  expect(valueOf(text, "smart_mla_intake_rows_total")).toBe(4);
  expect(valueOf(text, "smart_mla_intake_repeated_rows_total")).toBe(3);
  expect(valueOf(text, 'smart_mla_intake_messages_total{kind="other"}')).toBe(1);
  expect([valueOf(text, "smart_mla_receipt_seconds_count"), valueOf(text, "smart_mla_receipt_seconds_sum")]).toEqual([1, 2]);
});

it("has plans, answers, records, money and fees, each transaction once", async () => {
  const figures = metrics(() => record.payer);
  figures.planned("p1", midnightMs);
  figures.answered("p1", "ACCEPTED", midnightMs + 4000);
  figures.answered("p1", "ACCEPTED", midnightMs + 9000);
  figures.record("proposed", record);
  figures.record("cosigned", record);
  const spent = { chainId: 7, hash: "0x1", what: "commit", block: 1, atMs: 1, gas: 21_000n, blobGas: 0n, feeWei: 10n ** 15n };
  figures.spent({ ...spent, records: 0 });
  figures.spent({ ...spent, records: 9 });
  figures.status("gw-1", { v: 1, resource: "boiler", at: "", operationModeId: "on", reason: "", powerW: 2000 });
  figures.status("gw-2", { v: 1, resource: "boiler", at: "", operationModeId: "on", reason: "", powerW: 500 });
  figures.status("gw-2", { v: 1, resource: "boiler", at: "", operationModeId: "off", reason: "", powerW: 0 });
  const text = await figures.text();
  expect(valueOf(text, "smart_mla_plan_answer_seconds_count")).toBe(1);
  expect(valueOf(text, 'smart_mla_plan_answers_total{status="ACCEPTED"}')).toBe(2);
  expect(valueOf(text, `smart_mla_settled_wh_total{kind="${record.kind}"}`)).toBe(1500);
  expect(valueOf(text, `smart_mla_settled_money_total{kind="${record.kind}",payer="aggregator"}`)).toBe(2.5);
  expect(valueOf(text, 'smart_mla_chain_transactions_total{chain="7",call="commit"}')).toBe(1);
  expect(valueOf(text, 'smart_mla_chain_fee_wei_total{chain="7",call="commit"}')).toBe(1e15);
  expect(valueOf(text, "smart_mla_controlled_power_watts")).toBe(2000);
});

it("says how far forecasts were off once that is known, and no 0 before", async () => {
  const figures = metrics(() => undefined);
  const errors = { loadW: 120.5, pvW: null, heaterW: 80, drawW: null, presenceBrier: null };
  figures.foretold(errors);
  expect(valueOf(await figures.text(), "smart_mla_forecast_presence_brier")).toBeNaN();
  figures.foretold({ ...errors, loadW: null, presenceBrier: 0.05 });
  const text = await figures.text();
  const of = (what: string): number | undefined => valueOf(text, `smart_mla_forecast_error_watts{what="${what}"}`);
  expect([of("load"), of("pv"), of("energy"), of("draw")]).toEqual([120.5, undefined, 80, undefined]);
  expect(valueOf(text, "smart_mla_forecast_presence_brier")).toBe(0.05);
});

it.each<[string, () => Promise<never>]>([
  ["does not answer", () => new Promise(() => undefined)],
  ["says that it cannot", () => Promise.reject(new Error("connection refused"))],
])("is read while the database %s: it says how long something has waited, and what it had found before", async (_, held) => {
  const figures = metrics(() => undefined);
  let isHeld = false;
  const answer = <Value>(value: Value): Promise<Value> => (isHeld ? held() : Promise.resolve(value));
  figures.watch({
    homes: () => ({ ready: 3 }),
    refusals: () => ({}),
    openDisputes: () => answer(2),
    gateways: () => answer({ "as wanted": 3 }),
  });
  figures.watchDatabase(() => (isHeld ? 12_000 : 0));
  expect(valueOf(await figures.text(), "smart_mla_database_waiting_seconds")).toBe(0);
  isHeld = true;
  for (let reading = 0; reading < 2; reading++) {
    const text = await figures.text();
    expect(valueOf(text, "smart_mla_database_waiting_seconds")).toBe(12);
    expect([valueOf(text, "smart_mla_disputes_open"), valueOf(text, 'smart_mla_homes{state="ready"}')]).toEqual([2, 3]);
  }
});
