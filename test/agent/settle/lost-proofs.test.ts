import { expect, it, vi } from "vitest";
import { settler } from "../../../agent/settle/settler.ts";
import type { SettlementUp } from "../../../core/message/settlement-message.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { homeOnChain } from "./home-on-chain.ts";

vi.setConfig({ testTimeout: 60_000 });
const hourMs = 3_600_000;
const missing = "settlement-inclusion-missing";

/** A home whose records are in epochs, of which no message came. */
async function unproven(records: number) {
  const home = await homeOnChain({ pricesFirst: true });
  const included = [];
  for (let hour = 0; hour < records; hour++) included.push(await home.commit(hour + 2, [await home.cosigned("import", hour)]));
  const sent: SettlementUp[] = [];
  const settling = settler({
    resendSlots: () => undefined,
    open: () => Promise.resolve({ ...home.room, chores: { run: home.chores, close: () => undefined }, close: () => undefined }),
    publish: async (_, message) => void sent.push(message),
    hasJournal: () => true,
    countersignedWithinMs: hourMs,
    settledWithinMs: Infinity,
    onLeft: () => undefined,
    clock: home.clock,
    log: home.log,
  });
  const asked = () => sent.flatMap((one) => (one.kind === "disputed" && one.code === missing ? [one.seq] : []));
  /** So much time goes by; the gateway looks each quarter of an hour. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += hourMs / 4) {
      await home.clock.advance(hourMs / 4);
      await settling.keep();
    }
  };
  return { home, included, sent, settling, asked, pass };
}

it("asks for a proof that was lost on its way before it publishes, and for the next one as soon as that has come", async () => {
  const { home, included, settling, asked, pass, sent } = await unproven(3);
  await pass(35 * hourMs);
  expect(asked()).toEqual([]);
  await pass(2 * hourMs);
  expect(asked().length).toBeGreaterThan(3);
  expect(new Set(asked())).toEqual(new Set([1]));
  expect(sent[0]).toMatchObject({ digest: included[0]?.records[0]?.digest, own: {} });
  sent.splice(0);
  for (const message of included) await settling.take(message, "settle/supply");
  expect(asked()).toEqual([2, 3]);
  await pass(24 * hourMs);
  expect(asked()).toEqual([2, 3]);
  // All are on chain by the aggregator's epochs: nothing was paid for.
  expect(await home.published()).toEqual([]);
});

it("does not ask in a circle where what comes is not what was asked for, and publishes when the time is over", async () => {
  const { home, included, settling, asked, pass, sent } = await unproven(2);
  await pass(37 * hourMs);
  sent.splice(0);
  const [, second] = included;
  for (let time = 0; time < 5; time++) await settling.take(second, "settle/supply");
  expect(asked()).toEqual([]);
  await pass(12 * hourMs);
  const [first] = await home.published();
  expect(first?.digest).toBe(recordDigest(home.domain, home.stores.records.at(home.pair, 1)?.record ?? expect.fail()));
  expect(await home.published()).toHaveLength(1);
});
