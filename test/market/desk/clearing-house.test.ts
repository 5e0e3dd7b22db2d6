import { expect, it } from "vitest";
import { signingRoom } from "../../../agent/settle/signing-room.ts";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { hold } from "../../../agent/store/settlement-hold.ts";
import { settlementStores } from "../../../agent/store/settlement-stores.ts";
import type { RecordWire, SettlementDown, SettlementUp } from "../../../core/message/settlement-message.ts";
import { journal } from "../../../settlement/audit/journal.ts";
import { tradeLegs } from "../../../settlement/audit/trade-legs.ts";
import { signNewest } from "../../../settlement/record/newest-statement.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { openStore } from "../../fake/open-store.ts";
import { balancing, type deskRig, domain, exchangeKey, slotMs, tradedDesk, type Trader } from "./desk-rig.ts";

type Rig = Awaited<ReturnType<typeof deskRig>>;
type Room = ReturnType<typeof homeOf>;

/** The gateway of a participant: the real signing room over a real store. */
function homeOf(rig: Rig, { agreement, signer }: Trader) {
  const db = openStore();
  const stores = { ...settlementStores(db), meters: meterStore(db), prices: controlStore(db) };
  const room = signingRoom({
    agreement,
    signer,
    chain: rig.chain,
    finality: "latest",
    gridMeter: "grid",
    balancing: () => balancing,
    stores,
    clock: rig.clock,
  });
  return {
    db,
    room,
    stores,
    pair: `${agreement.a}-${agreement.b}`,
    meter(register: "import" | "export", wh: number): void {
      const slot = { meter: "grid", register, startMs: slotMs, endMs: slotMs + 900_000, wh };
      stores.meters.addSlots([{ ...slot, quality: "valid", clockSynced: true }]);
    },
  };
}

/** Talks until nothing more comes; gives what the home signed, and the codes of what it did not. */
async function settle(rig: Rig, who: Trader, { room }: Room, metered: unknown[] = []) {
  const records: RecordWire[] = [];
  const codes: string[] = [];
  let answers: SettlementUp[] = [];
  let isFirst = true;
  for (;;) {
    const messages: SettlementDown[] = await rig.talk(who, answers, isFirst ? metered : []);
    isFirst = false;
    answers = [];
    for (const message of messages)
      if (message.kind === "countersigned") await room.countersigned(message.seq, message.digest, message.signature);
      else if (message.kind === "head") await room.recover(message.records, message.newest);
      else if (message.kind === "proposal") {
        const answer = await room.answer(message.record, message.evidence);
        answers.push(answer);
        if (answer.kind === "signed") records.push(message.record);
        else codes.push(answer.code);
      }
    if (answers.length === 0) return { records, codes };
  }
}

async function traded() {
  const { rig, roof, car } = await tradedDesk();
  return { rig, roof, car, homes: { roof: homeOf(rig, roof), car: homeOf(rig, car) } };
}

it("makes one record with each side once the slot is over, both with the hash of the trade", async () => {
  const { rig, roof, car, homes } = await traded();
  expect(await rig.talk(roof)).toEqual([]);
  await rig.at("2026-06-10T11:16:00Z");
  const [sold, bought] = [await settle(rig, roof, homes.roof), await settle(rig, car, homes.car)];
  const payer = sold.records[0]?.payer;
  expect(sold.records).toMatchObject([{ kind: "trade", wh: 600, amount: "102000", seq: 1 }]);
  expect(payer).toBe(roof.agreement.aggregator);
  expect(bought.records).toMatchObject([{ kind: "trade", wh: 600, amount: "108000", payer: car.owner }]);
  expect(bought.records[0]?.ref).toBe(sold.records[0]?.ref);
  // The auditor matches them; what is left in the middle is the fee, and nobody else's.
  const say = journal();
  const legs = tradeLegs(say);
  for (const record of [...sold.records, ...bought.records]) legs.add(record, 0);
  const { evidence } = homes.roof.stores.records.newest(homes.roof.pair) ?? expect.fail();
  legs.explain(evidence.trade?.trade ?? expect.fail());
  legs.end(() => false);
  expect(say.report().findings).toEqual([]);
  expect(homes.roof.stores.records.counts()).toEqual({ signed: 1, countersigned: 1 });
  // Nothing is proposed twice, not even after a restart.
  await rig.restart();
  expect(await settle(rig, roof, homes.roof)).toEqual({ records: [], codes: [] });
  expect((await rig.own(roof)).trades).toEqual([]);
});

it("settles what was traded and not done at the balancing price, by the home's own meter", async () => {
  const { rig, roof, car, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  const slot = { start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z" };
  homes.roof.meter("export", 400);
  homes.car.meter("import", 900);
  const sold = await settle(rig, roof, homes.roof, [{ ...slot, importWh: 0, exportWh: 400 }]);
  expect(sold.codes).toEqual([]);
  // 200 Wh were missing, at 0.40.
  expect(sold.records.at(-1)).toMatchObject({ kind: "correction", wh: -200, amount: "80000", payer: roof.owner });
  const bought = await settle(rig, car, homes.car, [{ ...slot, importWh: 900, exportWh: 0 }]);
  expect(bought.records.map(({ kind }) => kind)).toEqual(["trade"]);
  expect((await settle(rig, roof, homes.roof)).records).toEqual([]);
});

it("corrects what was not done also where its settlement was held for longer than meters are looked at", async () => {
  const { rig, roof, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  const slot = { start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z" };
  homes.roof.meter("export", 400);
  rig.escrow.set(roof.agreement.aggregator, 1000n);
  await settle(rig, roof, homes.roof, [{ ...slot, importWh: 0, exportWh: 400 }]);
  await rig.at("2026-06-20T11:16:00Z");
  rig.escrow.delete(roof.agreement.aggregator);
  const { records } = await settle(rig, roof, homes.roof);
  expect(records.map(({ kind, wh }) => [kind, wh])).toEqual([
    ["trade", 600],
    ["correction", -200],
  ]);
});

it("does not get a signature under what the own meter does not show, and the dispute holds that pair alone", async () => {
  const { rig, roof, car, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  homes.roof.meter("export", 600);
  const slot = { start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z" };
  const sold = await settle(rig, roof, homes.roof, [{ ...slot, importWh: 0, exportWh: 100 }]);
  expect(sold.codes).toEqual(["settlement-energy-differs"]);
  expect(await rig.running.house.counts()).toEqual({ proposed: 0, cosigned: 1, disputed: 1 });
  expect((await settle(rig, car, homes.car)).records).toHaveLength(1);
});

it("waits for the other side's escrow, and gets no countersignature for a foreign key", async () => {
  const { rig, roof, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  rig.escrow.set(roof.agreement.aggregator, 1000n);
  expect(await settle(rig, roof, homes.roof)).toEqual({ records: [], codes: ["settlement-escrow-short"] });
  rig.escrow.delete(roof.agreement.aggregator);
  const [proposal] = await rig.talk(roof);
  if (proposal?.kind !== "proposal") throw new Error("nothing was proposed");
  const signature = `0x${"1".repeat(128)}1b`;
  const digest = `0x${"2".repeat(64)}`;
  expect(await rig.talk(roof, [{ v: 1, kind: "signed", seq: 1, digest, signature }])).toEqual([proposal]);
  expect((await settle(rig, roof, homes.roof)).records).toHaveLength(1);
});

it("gives a home that lost its journal the newest record back, and no trade is signed twice", async () => {
  const { rig, roof, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  await settle(rig, roof, homes.roof);
  const [{ record, evidence } = expect.fail()] = await rig.running.records.all(roof.owner);
  const fresh = homeOf(rig, roof);
  // A liar goes on as if the trade were new.
  const again: RecordWire = { ...record, seq: 2, prev: record.ref };
  expect(await fresh.room.answer(again, evidence)).toMatchObject({ kind: "disputed" });
  const messages = await rig.talk(roof, [
    { v: 1, kind: "disputed", seq: 1, digest: record.ref, code: "settlement-journal-behind", message: "", own: {} },
  ]);
  expect(messages).toEqual([]);
  const stored = (await rig.running.records.newestCosigned(roof.owner)) ?? expect.fail();
  const back = {
    record,
    evidence,
    gatewaySignature: stored.participantSignature ?? "",
    aggregatorSignature: stored.ownSignature ?? "",
  };
  const time = Math.floor(rig.clock.now() / 1000);
  await fresh.room.recover([back], await signNewest(exchangeKey, domain, record, { seq: 1, digest: stored.digest, time }));
  expect(evidenceHash(evidence)).toBe(record.ref);
  expect(fresh.stores.records.newest(fresh.pair)?.record).toEqual(record);
});

it("shows a home that lost its journal all that both have signed, and goes on with it", async () => {
  const { rig, roof, homes } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  await settle(rig, roof, homes.roof);
  const fresh = homeOf(rig, roof);
  fresh.meter("import", 0);
  fresh.meter("export", 100);
  hold(fresh.db, "the database is new", rig.clock.now());
  const slot = { start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z" };
  const { records, codes } = await settle(rig, roof, fresh, [{ ...slot, importWh: 0, exportWh: 100 }]);
  expect([codes, records.map(({ seq, kind }) => [seq, kind])]).toEqual([["settlement-journal-behind"], [[2, "correction"]]]);
  expect([fresh.stores.records.cosignedUpTo(fresh.pair), fresh.stores.hold.held()]).toEqual([2, null]);
});

/** The roof's records: its trade, and a correction that it disputes, as its own meter shows more. */
async function disputed() {
  const all = await traded();
  const { rig, roof, homes } = all;
  await rig.at("2026-06-10T11:16:00Z");
  homes.roof.meter("export", 600);
  const slot = { start: "2026-06-10T11:00:00.000Z", end: "2026-06-10T11:15:00.000Z" };
  await settle(rig, roof, homes.roof, [{ ...slot, importWh: 0, exportWh: 100 }]);
  const [dispute] = await rig.running.disputes.disputes(true);
  return { ...all, dispute: dispute ?? expect.fail() };
}

it("keeps what a participant says against a record, for a person to look at", async () => {
  const { rig, roof, dispute } = await disputed();
  expect(dispute).toMatchObject({
    participant: roof.owner,
    seq: 2,
    code: "settlement-energy-differs",
    resolution: null,
    record: { kind: "correction", wh: -500, seq: 2 },
  });
  // Nothing more is proposed meanwhile, not even after a restart.
  await rig.restart();
  expect(await rig.talk(roof)).toEqual([]);
  expect(await rig.running.disputes.disputes(true)).toEqual([dispute]);
});

it("proposes a disputed record again under its number, once a person has said so", async () => {
  const { rig, roof, homes, dispute } = await disputed();
  const { disputes } = rig.running;
  expect(await disputes.resolve(dispute.id, "again", rig.clock.now())).toBe(true);
  expect(await disputes.resolve(dispute.id, "again", rig.clock.now())).toBe(false);
  const sold = await settle(rig, roof, homes.roof);
  expect(sold.codes).toEqual(["settlement-energy-differs"]);
  expect((await disputes.disputes(true)).map(({ id, seq }) => ({ id, seq }))).toEqual([{ id: dispute.id + 1, seq: 2 }]);
});

it("leaves out for ever what a person decides to leave out, and goes on", async () => {
  const { rig, roof, homes, dispute } = await disputed();
  expect(await rig.running.disputes.resolve(dispute.id, "skip", rig.clock.now())).toBe(true);
  expect(await settle(rig, roof, homes.roof)).toEqual({ records: [], codes: [] });
  await rig.restart();
  expect(await settle(rig, roof, homes.roof)).toEqual({ records: [], codes: [] });
  expect(await rig.running.house.counts()).toEqual({ proposed: 0, cosigned: 1, disputed: 0 });
  expect(await rig.running.disputes.disputes(false)).toMatchObject([{ id: dispute.id, resolution: "skip" }]);
});

it("a trade that is left out counts as never made on that side: its supplier bills the energy", async () => {
  const { rig, roof } = await traded();
  await rig.at("2026-06-10T11:16:00Z");
  const [proposal] = await rig.talk(roof);
  if (proposal?.kind !== "proposal") throw new Error("nothing was proposed");
  const { seq } = proposal.record;
  const { evidence } = proposal;
  const { store, disputes, records } = rig.running;
  const span = { fromMs: slotMs, toMs: slotMs + 900_000 };
  expect(await store.allocations(roof.owner, span)).toMatchObject([{ soldWh: 600 }]);
  const digest = (await records.at(roof.owner, seq))?.digest ?? "";
  const code = "settlement-trade-unknown";
  await rig.talk(roof, [{ v: 1, kind: "disputed", seq, digest, code, message: "not mine", own: {} }]);
  const [dispute] = await disputes.disputes(true);
  expect(dispute).toMatchObject({ seq, code, message: "not mine", record: { kind: "trade" } });
  expect(await disputes.resolve(dispute?.id ?? 0, "skip", rig.clock.now())).toBe(true);
  expect(await store.allocations(roof.owner, span)).toEqual([]);
  expect(await store.legs(roof.owner, 0)).toEqual([]);
  expect(await store.unrecordedOwed(roof.owner)).toBe(0n);
  expect(await rig.talk(roof)).toEqual([]);
  expect(evidence.trade).toBeDefined();
});
