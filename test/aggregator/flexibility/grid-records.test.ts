import { describe, expect, it } from "vitest";
import { emptyPair } from "../../fake/empty-pair.ts";
import { gridRecords } from "../../../aggregator/flexibility/grid-records.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { Evidence, OrderEvidence } from "../../../core/message/settlement-message.ts";
import { slotsOfLocalDay } from "../../../core/slots.ts";
import type { PairState } from "../../../settlement/chain/chain-reader.ts";
import { composeRecord } from "../../../settlement/record/compose-record.ts";
import { gridOperatorOf } from "../../../settlement/record/grid-agreement.ts";
import { recordDigest, signerOf, signRecord, zeroHash } from "../../../settlement/record/record.ts";
import { silentLog } from "../../fake/silent-log.ts";
import * as parties from "../../settlement/fixture.ts";
import { scratchStore } from "../rows.ts";

const domain = { chainId: 31_337, contract: `0x${"c0".repeat(20)}` };
const site = "dso.example";
const { aggregator, household: operator } = parties;
const agreement = parties.exampleGridAgreement(domain);
const day = slotsOfLocalDay("2026-12-01", "Europe/Amsterdam", 60);
const [start, end] = [iso(day[0]?.startMs ?? 0), iso(day.at(-1)?.endMs ?? 0)];
const order = (reference: string, meteredWh = 8000): OrderEvidence => ({
  reference,
  point: "feeder-7",
  price: "700000",
  penaltyPerKwh: "300000",
  slots: [{ start: iso(day[3]?.startMs ?? 0), end: iso(day[3]?.endMs ?? 0), baselineWh: 10_000, orderedWh: 2000, meteredWh }],
});
const evidenceOf = (one: OrderEvidence): Evidence => ({ register: "none", slots: [], order: one });
const nowMs = Date.parse(end) + 3_600_000;
const escrow: PairState = emptyPair(10_000_000n, 10_000_000n);

/** The aggregator's side with its own figures of two orders. */
async function rig(change: { pair?: Partial<PairState>; own?: OrderEvidence | null } = {}) {
  const { store } = await scratchStore();
  const own = "own" in change ? change.own : order("order-1");
  const cosigned: string[] = [];
  const open = () =>
    gridRecords({
      site,
      signed: { agreement, signatureA: "", signatureB: "" },
      store,
      chain: {
        pairOf: async () => ({ ...escrow, ...change.pair }),
        partyOf: async () => ({ signer: parties.addressOf(operator.signer), since: 0, until: 1e12 }),
      },
      signer: aggregator.signer,
      finality: "latest",
      orderOf: async (reference) => (own?.reference === reference ? own : reference === "order-2" ? order("order-2") : null),
      onCosigned: () => void cosigned.push("cosigned"),
      now: () => nowMs,
      log: silentLog(),
    });
  const record = (of = order("order-1"), more: Partial<Parameters<typeof composeRecord>[0]> = {}) =>
    composeRecord({
      kind: "flexibility",
      start,
      end,
      agreement,
      previous: null,
      evidence: evidenceOf(of),
      series: null,
      salt: `0x${"11".repeat(32)}`,
      time: end,
      ...more,
    });
  return { store, open, record, cosigned };
}

describe("records of orders with a grid operator", () => {
  it("are signed where own figures come to the same, kept before that is told, and known again", async () => {
    const one = await rig();
    const Record = one.record();
    const records = one.open();
    const words = await records.proposed({ Record, Evidence: evidenceOf(order("order-1")) });
    expect(signerOf(domain, Record, words.Signature ?? "")).toBe(parties.addressOf(aggregator.signer));
    expect(await one.store.newestRecord(site)).toMatchObject({
      state: "proposed",
      ownSignature: words.Signature,
      record: Record,
    });
    // After a restart the same again gets the same signature.
    expect(await one.open().proposed({ Record, Evidence: evidenceOf(order("order-1")) })).toEqual(words);
    const Signature = await signRecord(operator.signer, domain, Record);
    const [Seq, Digest] = [Record.seq, recordDigest(domain, Record)];
    await records.countersigned({ Seq, Digest, Signature: await signRecord(parties.keyOf("stranger"), domain, Record) });
    expect((await one.store.newestRecord(site))?.state).toBe("proposed");
    await records.countersigned({ Seq, Digest: zeroHash, Signature });
    await records.countersigned({ Seq, Digest, Signature });
    await records.countersigned({ Seq, Digest, Signature });
    expect(await one.store.newestRecord(site)).toMatchObject({ state: "cosigned", gatewaySignature: Signature });
    expect(one.cosigned).toEqual(["cosigned"]);
    expect(gridOperatorOf(agreement)).toBe(operator.owner);
  });

  it("never two under one number, and none while the one before waits for the other signature", async () => {
    const one = await rig();
    const records = one.open();
    const first = one.record();
    await records.proposed({ Record: first, Evidence: evidenceOf(order("order-1")) });
    const twin = one.record(order("order-1"), { salt: `0x${"22".repeat(32)}` });
    const codeOf = async (Record: typeof first, of = order("order-1")): Promise<string | undefined> =>
      (await records.proposed({ Record, Evidence: evidenceOf(of) })).Objection?.Code;
    expect(await codeOf(twin)).toBe("settlement-seq-gap");
    const second = one.record(order("order-2"), { previous: first });
    expect(await codeOf(second, order("order-2"))).toBe("settlement-countersignature-missing");
    const Signature = await signRecord(operator.signer, domain, first);
    await records.countersigned({ Seq: 1, Digest: recordDigest(domain, first), Signature });
    expect(await codeOf(second, order("order-2"))).toBeUndefined();
  });

  it.each([
    ["own meters that say something else", { own: order("order-1", 9000) }, "settlement-energy-differs"],
    ["an order that is not known, or not metered yet", { own: null }, "settlement-energy-missing"],
    ["a payer without the money", { pair: { balanceA: 0n, balanceB: 0n } }, "settlement-escrow-short"],
  ])("are not signed for %s", async (_, change, code) => {
    const one = await rig(change);
    const words = await one.open().proposed({ Record: one.record(), Evidence: evidenceOf(order("order-1")) });
    expect([words.Signature, words.Objection?.Code]).toEqual([undefined, code]);
    expect(await one.store.newestRecord(site)).toBeNull();
  });
});
